/** Suspending: memory goes to files, the process ends; host.ts has the way back. */
import { NotRunningError } from '../../engine.ts'
import { syncPath } from '../records/durable-files.ts'
import { capture, makeSafe } from './capture.ts'
import type { MicrovmHost } from './host.ts'
import type { MicrovmRecord } from './records.ts'

/** In the machine's turn. Whatever it throws, a machine that ran goes on. */
export async function keepMemory(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<void> {
  const live = host.live.get(id)
  const { slot } = record
  if (live === undefined || slot === null) throw new NotRunningError('Its process has ended')
  const name = host.newMemory()
  try {
    const gid = host.identities.gidOf(record.tenant)
    const files = host.captureFiles(slot, record.ram, name, gid)
    const still = () => syncPath(host.layers.path(record.layer))
    await capture(live, files, still, false)
    try {
      await makeSafe([files.ram, files.state, host.paths.memory])
      await host.machines.put(id, { ...record, ram: files.ram, slot: null, suspended: true })
    } catch (error) {
      await live.resume()
      throw error
    }
    host.live.delete(id)
    await live.end()
    await host.freeSlot({ name: slot.name, layout: host.layoutOf(slot.number) })
    await host.sweep()
  } finally {
    host.pinned.delete(name)
  }
}
