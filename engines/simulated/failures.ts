/**
 * Failures on demand. A simulated machine misbehaves when its host name contains one of these words,
 * in any case, so that anyone can try an error in the demo by choosing a name, and a test says in the
 * name of its machine what will go wrong. Beside those of {@link FailureName}:
 *
 *     die-after-<n>s         its process dies n seconds after each start
 *     power-off-after-<n>s   its guest powers itself off n seconds after each start
 *
 * with up to six digits; these seconds are of the engine's clock and never scaled.
 */

type FailureName =
  /** Its host has no room for it, however empty it is. */
  | 'no-capacity'
  /** It gets its disk and never runs. */
  | 'fail-start'
  /** It runs, but its guest never reports itself up and hears no request to shut down. */
  | 'fail-boot'
  /** It cannot be stopped and keeps running. Deleting works. */
  | 'fail-stop'
  /** It cannot be hibernated and goes on. */
  | 'fail-hibernate'
  /** Its memory cannot be read when it is to go on; a cold boot works. */
  | 'fail-resume'
  /** Its guest ignores the request to shut down and is cut off. */
  | 'ignore-shutdown'
  /** Its user-data fails. */
  | 'fail-script'
  /** Its rules cannot be changed once it runs. */
  | 'fail-firewall'
  /** Snapshots of it fail. */
  | 'fail-snapshot'
  /** Its disk cannot go back to a snapshot. */
  | 'fail-rollback'
  /** Exports of its snapshots fail. */
  | 'fail-export'
  /** Images of its snapshots fail. */
  | 'fail-image'
  /** Volumes cannot be attached to it. */
  | 'fail-attach'
  /** Its guest does not let go of volumes while it runs. */
  | 'keep-volumes'
  /** Its status is unknown, whatever it does. */
  | 'lose-contact'

export function misbehaves(hostname: string, failure: FailureName): boolean {
  return hostname.toLowerCase().includes(failure)
}

/** How a machine of this name ends without being asked, and how many milliseconds after its start. */
export function ownEnd(hostname: string): { afterMs: number; reason: 'died' | 'guest' } | null {
  // Six digits of seconds stay below the 2^31 ms that a Node timer can wait.
  const match = /(die|power-off)-after-(\d{1,6})s/i.exec(hostname)
  if (match === null) return null
  return {
    afterMs: Number(match[2]) * 1_000,
    reason: match[1]?.toLowerCase() === 'die' ? 'died' : 'guest',
  }
}
