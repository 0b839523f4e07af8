/**
 * Takes a snapshot with an engine of its own, and kills itself as soon as the engine has logged a step:
 *
 *     node take-snapshot.ts '{"dataDir": …, "mark": …, "machine": …, "snapshot": …, "fence": …, "dieAt": …}'
 */
import { z } from 'zod'
import { QemuEngine } from '../engine.ts'
import { testOsImages } from './os-images.ts'

const Job = z.object({
  dataDir: z.string(),
  mark: z.string(),
  machine: z.string(),
  snapshot: z.string(),
  fence: z.number(),
  dieAt: z.string(),
})
export type Job = z.infer<typeof Job>

const { dataDir, mark, machine, snapshot, fence, dieAt } = Job.parse(
  JSON.parse(process.argv[2] ?? ''),
)
const engine = new QemuEngine({
  ...{ dataDir, mark, osImages: testOsImages() },
  log: (_, message) => {
    if (message === dieAt) process.kill(process.pid, 'SIGKILL')
  },
})
await engine.start()
// As the server would be after a while: on speaking terms with the guest.
const guestUp = Promise.withResolvers<void>()
engine.onEvent((event) => {
  if (event.kind === 'guest-up') guestUp.resolve()
})
if ((await engine.observe(machine)).status === 'running') {
  if (!(await engine.observe(machine)).guestUp) await guestUp.promise
}
await engine.ensureSnapshot(machine, snapshot, { memory: false }, { operation: 'test', fence })
await engine.close()
