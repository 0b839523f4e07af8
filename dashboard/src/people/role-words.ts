import type { Role } from '@garrison/contract/accounts/roles'

export const roleWords: Record<Role, string> = {
  member: 'Member: uses the account',
  owner: 'Owner: also people, keys, profile and money',
  operator: 'Operator: also runs the installation',
}
