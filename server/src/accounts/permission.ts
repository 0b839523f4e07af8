import { type Action, whyNotAllowed } from '@garrison/contract/accounts/roles'
import type { Caller } from '../caller.ts'
import { DomainError } from '../errors.ts'

/** Throws PERMISSION_DENIED when the caller's role does not do. */
export function requirePermission({ role }: Pick<Caller, 'role'>, action: Action) {
  const refusal = whyNotAllowed(role, action)
  if (refusal !== null) throw new DomainError('PERMISSION_DENIED', refusal)
}
