/**
 * Hibernates a machine, or goes on with it, with an engine of its own, and kills itself as soon as the
 * engine has logged a step:
 *
 *     node hibernate.ts '{"dataDir": …, "mark": …, "spec": …, "verb": "hibernate", "fence": …, "dieAt": …}'
 */
import { z } from 'zod'
import type { MachineSpec } from '../../engine.ts'
import { QemuEngine } from '../engine.ts'
import { testOsImages } from './os-images.ts'

const Job = z.object({
  dataDir: z.string(),
  mark: z.string(),
  spec: z.custom<MachineSpec>(),
  verb: z.enum(['hibernate', 'continue']),
  fence: z.number(),
  dieAt: z.string(),
})
export type Job = z.infer<typeof Job>

const { dataDir, mark, spec, verb, fence, dieAt } = Job.parse(JSON.parse(process.argv[2] ?? ''))
const engine = new QemuEngine({
  ...{ dataDir, mark, osImages: testOsImages() },
  log: (_, message) => {
    if (message === dieAt) process.kill(process.pid, 'SIGKILL')
  },
})
await engine.start()
const order = { operation: 'test', fence }
if (verb === 'hibernate') await engine.ensureHibernated(spec.id, order)
else await engine.ensureMachine(spec, order)
await engine.close()
