/** An engine with microVMs, on a data folder and with a mark of its own, and everything gone afterwards. */
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MicrovmKits } from '@garrison/guest/microvm/kit'
import type { MicrovmWorld } from '../../contract/microvms.ts'
import { destroyQemu } from '../destroy.ts'
import { QemuEngine, type QemuEngineOptions } from '../engine.ts'
import type { QemuMicrovms } from '../microvm/microvms.ts'
import { type MicrovmPaths, microvmPathsOf } from '../microvm/paths.ts'
import { testOsImages } from './os-images.ts'

export type QemuMicrovmWorld = MicrovmWorld & {
  readonly microvms: QemuMicrovms
  readonly paths: MicrovmPaths
  readonly mark: string
  /** Drops the engine without a word, as `kill -9` would, and starts another one. */
  reopen(): Promise<QemuMicrovms>
}

export async function makeMicrovmWorld(
  pool = { each: 2, all: 4 },
  images: Pick<QemuEngineOptions, 'imageRegistries' | 'registrySilenceMs'> = {},
): Promise<QemuMicrovmWorld> {
  const mark = randomBytes(3).toString('hex')
  const dataDir = await mkdtemp(join(tmpdir(), 'garrison-microvms-'))
  await chmod(dataDir, 0o711)
  // Shared by all tests of a host, as it is by all installations.
  const microvmKits = new MicrovmKits({ cacheDir: '/var/cache/garrison/images' })
  const options = { dataDir, mark, osImages: testOsImages(), log: () => {}, microvmKits }
  const engines: QemuEngine[] = []
  const open = async () => {
    const engine = new QemuEngine({ ...options, microvmPool: pool, ...images })
    engines.push(engine)
    await engine.start()
    if (engine.microvms === undefined) throw new Error('The engine has no microVMs')
    return engine.microvms
  }
  let fence = 0
  const order = () => ({ operation: randomUUID(), fence: ++fence })
  let microvms = await open()
  return {
    ...{ microvms, order, mark, paths: microvmPathsOf(dataDir, mark) },
    async reopen() {
      // Waiting ones are left behind, as they would be.
      await microvms.abandon()
      await engines.at(-1)?.close()
      microvms = await open()
      return microvms
    },
    async dispose() {
      for (const { id } of (await microvms.microvmHoldings()).microvms)
        await microvms.ensureMicrovmGone(id, order())
      for (const engine of engines) await engine.close()
      await destroyQemu({ dataDir, mark })
      await rm(dataDir, { recursive: true })
    },
  }
}
