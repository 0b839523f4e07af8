/** Everything that the engine keeps on the host's disk, read once at the start. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EngineError } from '../../engine.ts'
import { Locks } from '../../locks.ts'
import { isOsLayer, Layers, osLayerName } from '../disks/layers.ts'
import { OsDisks } from '../disks/os-disks.ts'
import { Strays } from '../disks/strays.ts'
import { removeStrayMemory, strayMemories } from '../memory/strays.ts'
import type { OsImages } from '../os-images.ts'
import { MEMORY_FILE, type Paths } from '../paths.ts'
import { Uploads } from '../transfer/uploads.ts'
import { Identities } from './identities.ts'
import {
  ExportRecord,
  ImageRecord,
  MachineRecord,
  Records,
  SnapshotRecord,
  VolumeRecord,
} from './records.ts'

export class Store {
  readonly machines: Records<MachineRecord>
  readonly snapshots: Records<SnapshotRecord>
  readonly images: Records<ImageRecord>
  readonly volumes: Records<VolumeRecord>
  readonly exports: Records<ExportRecord>
  readonly uploads: Uploads
  readonly layers: Layers
  readonly osDisks: OsDisks
  readonly identities: Identities
  readonly #claims = new Locks()
  readonly #strays: Strays
  readonly #paths: Paths

  constructor(paths: Paths, mark: string, osImages: OsImages) {
    this.#paths = paths
    this.#strays = new Strays(paths.strays)
    this.machines = new Records(paths.machines, MachineRecord, 'machine.json', MEMORY_FILE)
    this.snapshots = new Records(paths.snapshots, SnapshotRecord)
    this.images = new Records(paths.images, ImageRecord)
    this.volumes = new Records(paths.volumes, VolumeRecord)
    this.exports = new Records(paths.exports, ExportRecord)
    this.uploads = new Uploads(paths.uploads)
    this.layers = new Layers(paths.layers)
    this.osDisks = new OsDisks(paths.boot, this.layers, osImages)
    this.identities = new Identities(mark)
  }

  /** Answers how many layers and files of memory are kept that nothing points to. */
  async load(): Promise<number> {
    await mkdir(this.#paths.data, { recursive: true, mode: 0o711 })
    await requirePassable(this.#paths.data)
    await Promise.all([this.machines.load(), this.snapshots.load(), this.images.load()])
    await this.volumes.load()
    await Promise.all([this.exports.load(), this.uploads.load()])
    await Promise.all([this.layers.load(), this.osDisks.load()])
    for (const [machine, { uid, tenant, gid }] of this.machines.entries())
      this.identities.remember({ machine, uid, tenant, gid })
    for (const record of [
      ...this.snapshots.values(),
      ...this.images.values(),
      ...this.volumes.values(),
      ...this.exports.values(),
    ])
      this.identities.remember(record)
    return this.#noticeStrays()
  }

  async #noticeStrays(): Promise<number> {
    const found = this.layers.unreachable(this.#roots())
    const empty = await Promise.all(found.map((layer) => this.layers.isEmpty(layer)))
    // An empty one is what a deployment leaves that was cut short; an OS layer can be copied anew.
    const layers = found.filter((layer, index) => empty[index] === false && !isOsLayer(layer))
    return this.#strays.notice([...layers, ...(await strayMemories(this.#paths, this))])
  }

  /** Whether there is a machine, snapshot, image or volume of this id. */
  has(id: string): boolean {
    return [this.machines, this.snapshots, this.images, this.volumes, this.exports].some(
      (records) => records.get(id),
    )
  }

  /** Decides who has a volume: one such decision at a time. Ask for nobody's turn in it. */
  claim<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#claims.run('volumes', work, signal)
  }

  /** Removes the layers and kernels that nothing needs any more. */
  async sweep(): Promise<void> {
    await this.layers.sweep(this.#roots(), this.#strays.kept())
    await this.osDisks.sweep()
  }

  /** At the start: the same for memory. */
  async sweepMemories(): Promise<void> {
    const kept = this.#strays.kept()
    for (const file of await strayMemories(this.#paths, this))
      if (!kept.includes(file)) await removeStrayMemory(this.#paths, file)
  }

  /** The layers that records point to. An OS layer stays with its kernel, also for disks that stand alone. */
  #roots(): string[] {
    const frozen = [...this.snapshots.values(), ...this.images.values()]
    const active = [...this.machines.values(), ...this.volumes.values()]
    const recipes = new Set([...active, ...frozen].map((record) => record.recipe))
    return [
      ...active.flatMap(({ activeLayer, pendingLayer }) => [
        activeLayer,
        pendingLayer ?? activeLayer,
      ]),
      ...frozen.map((record) => record.layer),
      ...[...recipes].flatMap((recipe) => (recipe === null ? [] : osLayerName(recipe))),
    ]
  }
}

/** QEMU runs under users that own none of the folders above its files. */
async function requirePassable(folder: string): Promise<void> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0)
    throw new EngineError(
      `Machines run under users of their own and cannot reach their disks through ${folder}; run \`chmod o+x ${folder}\`, or choose another data folder`,
    )
  if (dirname(folder) !== folder) await requirePassable(dirname(folder))
}
