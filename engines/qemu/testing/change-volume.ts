/**
 * Does something to a volume with an engine of its own, and kills itself as soon as the engine has logged
 * a step:
 *
 *     node change-volume.ts '{"dataDir": …, "mark": …, "verb": "attach", "machine": …, "volume": …, …}'
 */
import { z } from 'zod'
import { QemuEngine } from '../engine.ts'
import { testOsImages } from './os-images.ts'

const Job = z.object({
  dataDir: z.string(),
  mark: z.string(),
  verb: z.enum(['attach', 'detach', 'clone']),
  machine: z.string(),
  tenant: z.string(),
  volume: z.string(),
  /** Of the clone. */
  copy: z.string(),
  fence: z.number(),
  dieAt: z.string(),
})
export type Job = z.infer<typeof Job>

const job = Job.parse(JSON.parse(process.argv[2] ?? ''))
const { dataDir, mark, machine, volume, tenant, copy, fence, dieAt } = job
const engine = new QemuEngine({
  ...{ dataDir, mark, osImages: testOsImages() },
  log: (_, message) => {
    if (message === dieAt) process.kill(process.pid, 'SIGKILL')
  },
})
await engine.start()
const order = { operation: 'test', fence }
switch (job.verb) {
  case 'attach':
    await engine.attachVolumes(machine, [{ id: volume, serial: 'BRK-123456V' }], order)
    break
  case 'detach':
    await engine.detachVolumes(machine, [volume], order)
    break
  case 'clone': {
    const source = { kind: 'volume', id: volume } as const
    await engine.ensureVolume({ id: copy, tenant, sizeGb: 1, source }, order)
    break
  }
}
await engine.close()
