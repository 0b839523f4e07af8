/**
 * A snapshot of a running machine, and what a guest that writes all the time notices of it. The guest
 * appends the time to a file, synchronously, over and over; the longest time between two lines is the
 * gap. Each round has one window without a snapshot, which is the floor, and one with.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, until } from '../api.ts'
import { type Door, type KeyPair, ssh } from '../ssh.ts'
import { longestGap, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

/** Of each window. Long enough for the guest to write a thousand lines even if emulated. */
const windowSeconds = 4
/** The snapshot comes into the middle of its window. */
const headStartMs = 1_500

/**
 * The file begins anew in each window. Mounted with `sync`, the file system does with each write what
 * fsync would, and costs no process: starting one takes longer than the gaps that are looked for.
 */
const writer = `
  mount -o remount,sync / || exit
  file=/root/written; : > $file
  end=$(( \${EPOCHREALTIME%.*} + ${windowSeconds} ))
  echo started
  while now=$EPOCHREALTIME; [ \${now%.*} -lt $end ]; do
    echo $now >> $file
  done
  cat $file
`

type Snapshot = { id: string; status: string; consistency: string | null; error: string | null }

/** The rows, and a snapshot that can be restored. */
export async function measureSnapshot(
  api: Api,
  {
    instanceId,
    door,
    key,
    rounds,
  }: { instanceId: string; door: Door; key: KeyPair; rounds: number },
): Promise<{ rows: Measured[]; snapshot: string }> {
  await take(api, instanceId, 'warm-up')
  const times: number[] = []
  const gaps: number[] = []
  const gapsWithout: number[] = []
  const taken: Snapshot[] = []
  for (let round = 1; round <= rounds; round++) {
    gapsWithout.push(longestGap(await write(door, key, async () => {})))
    const instants = await write(door, key, async () => {
      await sleep(headStartMs)
      const started = performance.now()
      taken.push(await take(api, instanceId, `round-${round}`))
      times.push(performance.now() - started)
    })
    gaps.push(longestGap(instants))
  }
  const [first] = taken
  if (first === undefined) throw new RangeError('There must be at least one round')
  const consistencies = [...new Set(taken.map((snapshot) => snapshot.consistency))].join(', ')
  return {
    snapshot: first.id,
    rows: [
      {
        figure: 'snapshot to SUCCESS',
        unit: 'ms',
        value: summarize(times),
        floor: null,
        note: `the machine ran and wrote; consistency: ${consistencies}`,
      },
      {
        figure: 'longest gap in a writing guest',
        unit: 'ms',
        value: summarize(gaps),
        floor: { ...summarize(gapsWithout), what: 'the same guest, no snapshot' },
      },
    ],
  }
}

async function take(api: Api, instance_id: string, name: string): Promise<Snapshot> {
  const { snapshot } = await api.request<{ snapshot: Snapshot }>('POST', '/api/snapshots/', {
    instance_id,
    name,
  })
  return until(
    async () => {
      const path = `/api/snapshots/${snapshot.id}/`
      return (await api.request<{ snapshot: Snapshot }>('GET', path)).snapshot
    },
    ({ status, error }) => {
      if (status === 'ERROR') throw new Error(`The snapshot failed: ${error}`)
      return status === 'SUCCESS'
    },
  )
}

/** When the guest wrote, in milliseconds of its own clock. `meanwhile` begins with the first line. */
async function write(door: Door, key: KeyPair, meanwhile: () => Promise<void>): Promise<number[]> {
  const begun = Promise.withResolvers<void>()
  const written = ssh(door, key, writer, () => begun.resolve())
  await Promise.race([begun.promise, written])
  const [output] = await Promise.all([written, meanwhile()])
  return output
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line) * 1_000)
}
