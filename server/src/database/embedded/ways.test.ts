import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded-postgres.ts'
import { testServerFolder } from '../testing-setup.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { readPidFile } from './postmaster.ts'
import { findPrograms } from './programs.ts'
import { withClient } from './readiness.ts'
import { asOwnUser, inUserNamespace, ownUser, type Way } from './ways.ts'

const isRoot = process.getuid?.() === 0
const hasNamespaces = spawnSync('unshare', ['--user', 'true']).status === 0

describe.runIf(isRoot)('as root', () => {
  let top: string
  let dir: string
  const started: EmbeddedPostgres[] = []

  beforeEach(async () => {
    top = await mkdtemp(join(dirname(testServerFolder()), 'garrison-ways-'))
    dir = join(top, 'postgres')
  })

  afterEach(async () => {
    for (const postgres of started.splice(0)) await postgres.stop()
    await rm(top, { recursive: true })
  })

  async function start(way: Way) {
    const settings = { fsync: 'off' }
    const postgres = await startEmbeddedPostgres({ dir, log() {}, settings, ways: [way] })
    started.push(postgres)
    return postgres
  }

  const ask = (postgres: EmbeddedPostgres, text: string) =>
    withClient(postgres.connection, async (client) => (await client.query(text)).rows)
  const pid = () => readPidFile(join(dir, 'data'))?.pid ?? 0
  const filesOfOthers = (uid: number) =>
    execFileSync('find', [join(dir, 'data'), '!', '-uid', String(uid)], { encoding: 'utf8' })

  it.runIf(hasNamespaces)('runs in a user namespace, with files that stay root’s', async () => {
    const postgres = await start(inUserNamespace({ uid: 0, gid: 0 }))
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(filesOfOthers(0)).toBe('')
  })

  it('runs as a user of its own where namespaces are forbidden', async () => {
    await chmod(top, 0o711)
    const postgres = await start(asOwnUser())
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(statSync(`/proc/${pid()}`).uid).toBe(ownUser.uid)
    expect(filesOfOthers(ownUser.uid)).toBe('')
    expect(statSync(dir).mode & 0o777).toBe(0o700)
  })

  it.runIf(hasNamespaces)('moves the data from one way to the other and back', async () => {
    await chmod(top, 0o711)
    const ways = [inUserNamespace({ uid: 0, gid: 0 }), asOwnUser()]
    const first = await start(inUserNamespace({ uid: 0, gid: 0 }))
    await ask(first, 'create table kept as select 7 as answer')
    await first.stop()
    for (const way of ways.reverse()) {
      const postgres = await start(way)
      expect(await ask(postgres, 'select answer from kept')).toEqual([{ answer: 7 }])
      await postgres.stop()
      expect(filesOfOthers(way.owner.uid)).toBe('')
    }
  })

  it('copies programs that its user cannot read', async () => {
    await chmod(top, 0o711)
    const locked = await lockedAway()
    await mkdir(dir)
    const programs = await findPrograms(dir, [asOwnUser()], null, [locked])
    const { file, user } = programs.postgres([])
    expect(file).toBe(join(dir, 'native-test/bin/postgres'))
    expect(user).toEqual(ownUser)
    expect(existsSync(join(dir, 'native-test/lib/libicuuc.so.60'))).toBe(true)
  })

  async function lockedAway(): Promise<Binaries> {
    const [npm] = await findBinaries()
    if (npm?.copyName === undefined) throw new Error('the npm package is not installed')
    const root = join(top, 'locked/native')
    await mkdir(join(top, 'locked'), { mode: 0o700 })
    await cp(npm.root, root, { recursive: true, verbatimSymlinks: true })
    return { name: 'locked', root, copyName: 'native-test' }
  }

  it('says which folder is in the way of that user', async () => {
    await chmod(top, 0o700)
    await expect(start(asOwnUser())).rejects.toThrow(`chmod o+x ${top}`)
  })
})

it('says what to do where no PostgreSQL can run', async () => {
  const missing = { name: 'the npm package', root: '/nowhere' }
  const way: Way = {
    name: 'as this user',
    owner: { uid: process.getuid?.() ?? 0, gid: 0 },
    founder: { uid: 0, gid: 0 },
    run: (file, args) => ({ file, args }),
  }
  await expect(findPrograms(tmpdir(), [way], null, [missing])).rejects.toThrow(
    /the npm package, as this user: .*ENOENT[\s\S]*apt-get install postgresql[\s\S]*DATABASE_URL/,
  )
})
