/**
 * Who may do what. Used by the server to refuse and by clients to show why. What is not in the table,
 * everybody of an account may: machines, disks, rules and scripts are everybody's.
 */

/** From the least to the most. */
export const roles = ['member', 'owner', 'operator'] as const
/**
 * `member` uses the account; `owner` also decides about its people, keys, profile and money; `operator`
 * is an owner who also runs the installation.
 */
export type Role = (typeof roles)[number]

export const accesses = ['full', 'read-only'] as const
/** Of a key: `read-only` changes nothing, whatever its role. */
export type Access = (typeof accesses)[number]

type Rule = { readonly least: Role; readonly words: string }

const rules = {
  'profile.change': { least: 'owner', words: 'change the profile' },
  'people.manage': { least: 'owner', words: 'invite, change and remove people' },
  'keys.manage': { least: 'owner', words: "see and revoke other people's keys" },
  'audit.export': { least: 'owner', words: 'export the audit log' },
  'credits.buy': { least: 'owner', words: 'buy credits' },
  'budget.change': { least: 'owner', words: 'change budgets' },
  'webhooks.manage': { least: 'owner', words: 'manage webhooks' },
  'installation.operate': { least: 'operator', words: 'run the installation' },
} as const satisfies Record<string, Rule>

export type Action = keyof typeof rules

export const actions = Object.keys(rules) as Action[]

const rank = (role: Role) => roles.indexOf(role)

export const may = (role: Role, action: Action) => rank(role) >= rank(rules[action].least)

/** Null when the role may; otherwise why not, for people. */
export function whyNotAllowed(role: Role, action: Action): string | null {
  if (may(role, action)) return null
  const { least, words } = rules[action]
  return least === 'operator'
    ? `Only an operator may ${words}; you are ${withArticle(role)}`
    : `Only owners may ${words}; you are ${withArticle(role)}. Ask an owner of the account`
}

const withArticle = (role: Role) => `${role === 'member' ? 'a' : 'an'} ${role}`

/** Whether what is given away is no more than the giver has. */
export const isWithin = (role: Role, most: Role) => rank(role) <= rank(most)

export const lesserRole = (one: Role, other: Role): Role => (isWithin(one, other) ? one : other)
