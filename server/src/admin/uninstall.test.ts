import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Networks } from '@garrison/engines/qemu/network/networks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAccount, listAccounts, uninstall, whatIsLeft } from '../admin.ts'
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import {
  AlreadyRunning,
  BeingRemoved,
  beginRemoval,
  claimDataFolder,
  readClaim,
  startTime,
} from '../data-folder.ts'
import { transaction } from '../database/database.ts'
import { findPostmaster, isPostmasterOf } from '../database/embedded/postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded-postgres.ts'
import { databaseUrlOf } from '../database/testing.ts'
import { matchInstallation } from '../installation.ts'
import { startServer } from '../start.ts'
import { createWorld, testRegion, type World } from '../testing/world.ts'
import { withServices } from './with-services.ts'

let options: { dataDir: string }

beforeEach(() => {
  options = { dataDir: mkdtempSync(join(tmpdir(), 'garrison-uninstall-')) }
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(options.dataDir, { recursive: true, force: true })
})

describe('uninstalling', () => {
  let world: World
  let me: Caller

  beforeEach(async () => {
    world = await createWorld()
    me = await world.account()
    vi.stubEnv('DATABASE_URL', databaseUrlOf(world.connection))
  })
  afterEach(() => world.close())

  const refused = async (...words: (string | RegExp)[]) => {
    const refusal = uninstall(options)
    for (const word of words) await expect(refusal).rejects.toThrow(word)
    expect(existsSync(options.dataDir)).toBe(true)
  }

  it('is refused while a server runs', async () => {
    claimDataFolder(options.dataDir).publish('http://127.0.0.1:8600', [testRegion])
    await expect(uninstall(options)).rejects.toThrow(AlreadyRunning)
  })

  it('is refused while there are instances, snapshots or images', async () => {
    const instance = await world.runningInstance(me, 'web')
    const { public_id } = await world.readySnapshot(me, instance)
    await refused(/1 instance \(.* web\)/, /1 snapshot \(/)
    await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
    await world.change((tx) =>
      world.services.snapshots.createImage(tx, me, { snapshot_id: public_id, name: 'base' }),
    )
    await world.settle()
    await world.change((tx) => world.services.snapshots.delete(tx, me, public_id))
    await world.settle()
    await refused(/^Delete first what is left: 1 image \([0-9]+ base\)$/)
  })

  it('is refused while there are volumes, which nobody needs to have attached', async () => {
    await world.volume(me, { name: 'data' })
    await refused(/^Delete first what is left: 1 volume \([^ ]+ data\)$/)
  })

  it('is refused while there are microVMs or snapshots of them, but the base of all', async () => {
    const { microvmSnapshots, microvmSessions, microvms } = world.services
    await microvmSnapshots.registerBase()
    await world.settle()
    const base = await microvmSnapshots.readyBase(1_000)
    const vm = await world.change((tx) => microvmSessions.createVm(tx, me, {}, base))
    await world.settle()
    await world.change((tx) => microvms.snapshot(tx, me, vm.publicId, 'mine'))
    await world.settle()
    await refused(/1 microVM \(vm_\w+\); 1 microVM snapshot \(snap_\w+ mine\)$/)
    await world.change((tx) => microvms.end(tx, me, vm.id, 'Over'))
    await world.settle()
    await refused(/^Delete first what is left: 1 microVM snapshot \(snap_\w+ mine\)$/)
  })

  it('is refused with the database of another, and lets go of the folder', async () => {
    await matchInstallation(world.db, options.dataDir)
    await world.db.deleteFrom('installation').execute()
    await refused('Correct the database')
    expect(readClaim(options.dataDir)).toBeNull()
  })

  it('is refused while there are volumes of microVMs, which are on no host', async () => {
    await world.change((tx) =>
      world.services.microvmVolumes.create(tx, me, { name: 'notes', quota: null }),
    )
    await refused(/^Delete first what is left: 1 microVM volume \(vol_\w+ notes\)$/)
  })

  it('loses nothing by itself of which the database is elsewhere, as that would stay', async () => {
    const { public_id } = await world.volume(me, { name: 'data' })
    const uninstalling = uninstall(options, { lose: [public_id] })
    await expect(uninstalling).rejects.toThrow(/^The database is not in /)
    expect(existsSync(options.dataDir)).toBe(true)
  })
})

describe('uninstalling with a database in the data folder', () => {
  let postgres: EmbeddedPostgres

  beforeEach(async () => {
    vi.stubEnv('DATABASE_URL', undefined)
    const dir = join(options.dataDir, 'postgres')
    postgres = await startEmbeddedPostgres({ dir, log: () => {}, settings: { fsync: 'off' } })
    await postgres.leave()
  })
  afterEach(() => postgres.stop())

  /** Somebody has two volumes of microVMs. Answers what is left, as whoever asks hears it. */
  async function somethingLeft() {
    const { id } = await createAccount(options, { name: 'Ada' })
    await withServices(options, async ({ db, services: { accounts, microvmVolumes } }) => {
      const ada = await accounts.onBehalfOf(db, (await accounts.require(db, id)).id)
      for (const name of ['notes', 'results'])
        await transaction(db, (tx) => microvmVolumes.create(tx, ada, { name, quota: null }))
    })
    return whatIsLeft(options)
  }

  it('loses what was named, and refuses what has come since', async () => {
    const left = await somethingLeft()
    const kind = 'microVM volume'
    expect(left).toMatchObject([
      { kind, name: 'notes' },
      { kind, name: 'results' },
    ])
    const [notes] = left.map(({ id }) => id)
    const partly = uninstall(options, { lose: [notes ?? ''] })
    await expect(partly).rejects.toThrow(
      /^Delete first what is left: 1 microVM volume \(\w+ results\)$/,
    )
    expect(await whatIsLeft(options)).toEqual(left)
    await uninstall(options, { lose: left.map(({ id }) => id) })
    expect(existsSync(options.dataDir)).toBe(false)
  })

  it('has lost nothing when it fails on the host, and can be repeated', async () => {
    const left = await somethingLeft()
    const lose = left.map(({ id }) => id)
    mkdirSync(join(options.dataDir, 'networks'))
    const destroy = vi.spyOn(Networks.prototype, 'destroy')
    destroy.mockRejectedValueOnce(new Error('ip: no such device'))
    await expect(uninstall(options, { lose })).rejects.toThrow('ip: no such device')
    expect(await whatIsLeft(options)).toEqual(left)
    destroy.mockResolvedValueOnce()
    await uninstall(options, { lose })
    expect(existsSync(options.dataDir)).toBe(false)
    destroy.mockRestore()
  })

  it('that died among the files is finished by the next, and nobody starts on what is left', async () => {
    await somethingLeft()
    beginRemoval(options.dataDir)
    rmSync(join(options.dataDir, 'postgres/data/global'), { recursive: true })
    const config = loadConfig({ dataDir: options.dataDir })
    await expect(startServer(config, () => {})).rejects.toThrow(BeingRemoved)
    await expect(listAccounts(options)).rejects.toThrow(BeingRemoved)
    expect(await whatIsLeft(options)).toEqual([])
    await uninstall(options)
    expect(existsSync(options.dataDir)).toBe(false)
  })

  it('ends the database that a killed server left, before its folder goes', async () => {
    const folder = join(realpathSync(options.dataDir), 'postgres/data')
    const pid = findPostmaster(folder)?.pid ?? 0
    expect(isPostmasterOf(pid, folder)).toBe(true)
    await uninstall(options)
    expect(startTime(pid)).toBeNull()
    expect(existsSync(options.dataDir)).toBe(false)
  })
})
