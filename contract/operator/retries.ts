/**
 * Which failed operations may be begun again, and which open ones cancelled. One that failed has been
 * undone, so again means: what its owner would ask for next, by the same rules. Kinds that are not here
 * are neither.
 */
type Rule = {
  /** Null: it may be begun again; otherwise why not. */
  readonly whyNotRetry: string | null
  /** Null: it may be cancelled while it is open; otherwise why not. */
  readonly whyNotCancel: string | null
}

const both: Rule = { whyNotRetry: null, whyNotCancel: null }
const deletion: Rule = {
  whyNotRetry: null,
  whyNotCancel: 'A deletion cannot be taken back: what it took apart so far is gone',
}
const notAgain = (whyNotRetry: string): Rule => ({ whyNotRetry, whyNotCancel: null })
const leftInError = notAgain(
  'What it should have made is left in ERROR with its name; its owner deletes that and asks again',
)

export const operationRules: Readonly<Record<string, Rule>> = {
  // A machine in ERROR is made, or started, by a reboot.
  'deploy-instance': both,
  'restore-snapshot': both,
  'start-instance': both,
  'recover-instance': both,
  'reboot-instance': both,
  'hibernate-instance': both,
  'restore-instance': both,
  'stop-instance': notAgain(
    'Nobody knows whether the machine runs; its owner reboots it first, and stops it then',
  ),
  'rollback-instance': notAgain(
    'Its disk may be the old one or the new one already; its owner decides which to go to',
  ),
  'delete-instance': deletion,
  'apply-firewall': {
    whyNotRetry: null,
    whyNotCancel: 'Rules that are wanted must come to their machine; change the rules instead',
  },
  'toggle-public-ip': both,
  'attach-volumes': both,
  'detach-volumes': both,
  'create-snapshot': notAgain('A snapshot is of its moment, which has passed; take another one'),
  'import-snapshot': leftInError,
  'export-snapshot': both,
  'create-image': leftInError,
  'create-volume': leftInError,
  'clone-volume': leftInError,
  'resize-volume': both,
  'delete-snapshot': deletion,
  'delete-export': deletion,
  'delete-image': deletion,
  'delete-volume': deletion,
  'start-microvm': notAgain('It was to run at once; its owner starts another'),
  'clone-microvm': notAgain('A clone is of its moment, which has passed; its owner clones again'),
  'snapshot-microvm': notAgain('A snapshot is of its moment, which has passed; take another one'),
  'suspend-microvm': notAgain('It goes on; its owner suspends it again'),
  'resume-microvm': notAgain('It is still suspended; its owner resumes it again'),
  'apply-egress': notAgain('Its owner sets the policy again'),
  'build-microvm-snapshot': notAgain(
    'Its owner builds another one, of what the log of this one says',
  ),
  'delete-microvm': deletion,
  'delete-microvm-snapshot': deletion,
}

const unknown = 'Nobody knows this kind of operation any more'

/** Null: it may. `superseded`: something else was begun with its subject since. */
export function whyNotRetry(
  operation: { readonly kind: string; readonly state: string },
  superseded: boolean,
): string | null {
  if (operation.state !== 'failed') {
    return `It is ${operation.state}; only what has failed is begun again`
  }
  if (superseded) {
    return 'Something else was begun with its subject since; to do it again might undo that'
  }
  const rule = operationRules[operation.kind]
  return rule === undefined ? unknown : rule.whyNotRetry
}

/** Null: it may. */
export function whyNotCancel(operation: {
  readonly kind: string
  readonly state: string
}): string | null {
  if (operation.state === 'undoing') return 'It is being undone already'
  if (operation.state !== 'pending' && operation.state !== 'running') {
    return `It is ${operation.state}; only what is under way is cancelled`
  }
  const rule = operationRules[operation.kind]
  return rule === undefined ? unknown : rule.whyNotCancel
}
