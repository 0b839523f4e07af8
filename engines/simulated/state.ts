/**
 * Everything that a simulated engine remembers: one immutable value, replaced as a whole and saved
 * before anybody is told about a change. Machines have no processes: whether one runs, has booted or
 * has died follows from the times in its record and the clock. So they outlive the server, and one
 * that was to die while the server was away is found dead.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Address, ImageResult, MachineSpec, SnapshotResult } from '../engine.ts'
import { EngineError } from '../engine.ts'
import { Locks } from '../locks.ts'

/** Times are milliseconds since 1970, on the engine's clock. */
export type Power =
  | {
      readonly on: true
      /** `null`: never. */
      readonly guestUpAt: number | null
      readonly ends: { readonly at: number; readonly reason: 'died' | 'guest' } | null
    }
  | {
      readonly on: false
      readonly everStarted: boolean
      readonly forced: boolean
      /** It is hibernated; left out by earlier versions. */
      readonly hibernated?: { readonly memory: boolean } | null
    }

/** User-data and keys are left out: nothing here boots, and they are secrets. */
export type MachineRecord = Pick<
  MachineSpec,
  'host' | 'memoryMib' | 'diskGb' | 'gpus' | 'rules'
> & {
  readonly hostname: string
  readonly power: Power
  /** The snapshot that its disk went back to last. */
  readonly rolledBackTo?: string
  /** It was given user-data once. */
  readonly hadUserData?: boolean
}

export type SnapshotRecord = SnapshotResult & {
  /** Of the machine it was taken of, for failures by name. */
  readonly hostname: string
  /** UUID of that machine. Earlier versions did not keep it. */
  readonly machine?: string
}

export type VolumeRecord = {
  readonly tenant: string
  readonly sizeGb: number
  /** It began as an OS image. */
  readonly bootable: boolean
  /** Who has it, and whether it is what that machine boots from. */
  readonly machine: string | null
  readonly boot: boolean
}

export type AddressRecord = { readonly tenant: string; readonly address: Address }

/** By the server's UUIDs. `addresses` are by machine; `fences` are of things that may be gone. */
export type World = {
  readonly version: 1
  /** By machine. */
  readonly publicAddresses: Readonly<Record<string, string>>
  readonly addresses: Readonly<Record<string, AddressRecord>>
  readonly machines: Readonly<Record<string, MachineRecord>>
  readonly snapshots: Readonly<Record<string, SnapshotRecord>>
  readonly images: Readonly<Record<string, ImageResult>>
  readonly volumes: Readonly<Record<string, VolumeRecord>>
  readonly exports: Readonly<Record<string, { readonly diskGb: number; readonly content: string }>>
  /** By snapshot: what came so far, in base64. */
  readonly uploads: Readonly<Record<string, string>>
  readonly fences: Readonly<Record<string, number>>
}

const EMPTY: World = {
  version: 1,
  publicAddresses: {},
  addresses: {},
  machines: {},
  snapshots: {},
  images: {},
  volumes: {},
  exports: {},
  uploads: {},
  fences: {},
}

/** Where a world is kept. One engine at a time. */
export interface Persistence {
  /** `null`: nothing was ever saved. */
  load(): Promise<World | null>
  save(world: World): Promise<void>
}

/** Outlives an engine, not the process. */
export function inMemory(): Persistence {
  let saved: World | null = null
  return {
    load: async () => saved,
    save: async (world) => {
      saved = world
    },
  }
}

/** Outlives the process and a power cut. The folder is made when it is missing. */
export function inFile(path: string): Persistence {
  return { load: () => loadFile(path), save: (world) => saveFile(path, world) }
}

/** The current world. Changes happen one after the other and are durable when `update` answers. */
export class WorldStore {
  readonly #persistence: Persistence
  readonly #locks = new Locks()
  #world: World | null = null

  constructor(persistence: Persistence) {
    this.#persistence = persistence
  }

  async open(): Promise<void> {
    // What was saved by an earlier version lacks what came later.
    this.#world = forgetOldFences({ ...EMPTY, ...(await this.#persistence.load()) })
  }

  get world(): World {
    if (this.#world === null)
      throw new EngineError('The simulated engine is not started: call start()')
    return this.#world
  }

  /** When `change` throws or nothing can be saved, the world stays as it was. */
  update(change: (world: World) => World): Promise<void> {
    return this.#locks.run('world', async () => {
      const next = change(this.world)
      if (next === this.#world) return
      await this.#persistence.save(next)
      this.#world = next
    })
  }
}

/** A copy of `record` without `key`. */
export function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _, ...rest } = record
  return rest
}

/**
 * The fence of something gone is kept, so that a late order cannot bring it back; but not for ever.
 * Nobody who asked before a restart is still there to be late, a thousand are kept to be generous.
 */
function forgetOldFences(world: World): World {
  const fences = Object.entries(world.fences)
  const held = ([thing]: [string, number]) =>
    thing in world.machines ||
    thing in world.addresses ||
    thing in world.snapshots ||
    thing in world.images ||
    thing in world.exports ||
    thing in world.uploads ||
    thing in world.volumes
  const gone = fences.filter((entry) => !held(entry)).sort(([, a], [, b]) => b - a)
  if (gone.length <= 1_000) return world
  return {
    ...world,
    fences: Object.fromEntries([...fences.filter(held), ...gone.slice(0, 1_000)]),
  }
}

async function loadFile(path: string): Promise<World | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new EngineError(`The simulated machines in ${path} cannot be read`, { cause: error })
  }
  let world: World
  try {
    world = JSON.parse(text)
  } catch (error) {
    throw unreadable(path, error)
  }
  if (world?.version !== 1) throw unreadable(path)
  return world
}

function unreadable(path: string, cause?: unknown): EngineError {
  const message = `${path} does not hold simulated machines of this version; move it away to begin anew`
  return new EngineError(message, { cause })
}

async function saveFile(path: string, world: World): Promise<void> {
  const folder = dirname(path)
  const temporary = `${path}.tmp`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await using file = await open(temporary, 'w', 0o600)
    await file.writeFile(JSON.stringify(world))
    await file.sync()
    await rename(temporary, path)
    await using parent = await open(folder, 'r')
    await parent.sync()
  } catch (error) {
    const message = `The simulated machines could not be saved to ${path}; is the disk full?`
    throw new EngineError(message, { retryable: true, cause: error })
  }
}
