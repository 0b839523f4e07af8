/** Builds garrison-small and boots it under QEMU. Needs no rights; downloads packages. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BootImage, ImageStore } from './image-store.ts'
import { type Identity, Machine, metaData, overlay } from './testing/machine.ts'

const execute = promisify(execFile)

let base: string
let image: BootImage
/** Private key files; the public ones beside them end in `.pub`. */
let anna: string
let ben: string
const reports: string[] = []

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'garrison-small-'))
  anna = await newKey('anna')
  ben = await newKey('ben')
  const cacheDir = join(base, 'cache')
  // Each takes the lock by itself, as two processes would.
  const stores = [1, 2].map(
    () => new ImageStore({ cacheDir, report: (line) => reports.push(line) }),
  )
  const [built] = await Promise.all(stores.map((store) => store.ensure('garrison-small')))
  if (built === undefined) throw new Error('Nothing was built')
  image = built
}, 180_000)

afterAll(() => rm(base, { recursive: true, force: true }))

async function newKey(name: string): Promise<string> {
  const path = join(base, name)
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path])
  return path
}

const publicKey = async (key: string) => (await readFile(`${key}.pub`, 'utf8')).trim()

let machines = 0
function start(disk: string, identity: Identity | null, extraArguments: string[] = []) {
  machines += 1
  const folder = join(base, `machine-${machines}`)
  return Machine.start({ folder, image, disk, identity, extraArguments })
}

const newDisk = (name: string) => overlay(image.root, join(base, `${name}.qcow2`))

describe('the store', () => {
  it('builds once for everybody who asks at the same time', () => {
    expect(reports.filter((line) => line.startsWith('Building'))).toHaveLength(1)
  })

  it('makes files that everybody can read and nobody can write', async () => {
    const modes = await Promise.all(
      [image.root, image.kernel, image.initrd].map(async (path) => (await stat(path)).mode & 0o777),
    )
    expect(modes).toEqual([0o444, 0o444, 0o444])
  })

  it('answers what is built without a word', async () => {
    const words: string[] = []
    const store = new ImageStore({
      cacheDir: join(base, 'cache'),
      report: (line) => words.push(line),
    })
    expect(await store.ensure('garrison-small')).toEqual(image)
    expect((await store.list())[0]).toMatchObject({ ready: true, sizeBytes: image.sizeBytes })
    expect(words).toEqual([])
  })

  it('says which packages an image was made of', async () => {
    const manifest = JSON.parse(await readFile(join(image.root, '../manifest.json'), 'utf8'))
    expect(manifest.packages).toMatchObject({ 'dropbear-bin': expect.any(String) })
  })

  it('builds after a build that was killed, and leaves nothing of that one', async () => {
    const cacheDir = join(base, 'killed')
    const code = `
      const { ImageStore } = await import(${JSON.stringify(join(import.meta.dirname, 'image-store.ts'))})
      const report = (line) => console.log(line)
      await new ImageStore({ cacheDir: ${JSON.stringify(cacheDir)}, report }).ensure('garrison-small')`
    const builder = spawn(process.execPath, ['--input-type=module', '-e', code])
    for await (const line of builder.stdout) if (String(line).includes('Building')) break
    builder.kill('SIGKILL')
    await once(builder, 'exit')
    const unfinished = await readdir(cacheDir)
    await new ImageStore({ cacheDir }).ensure('garrison-small')
    expect(unfinished.some((name) => name.includes('.building-'))).toBe(true)
    expect((await readdir(cacheDir)).some((name) => name.includes('.building-'))).toBe(false)
  }, 60_000)
})

describe('a new machine', () => {
  let machine: Machine
  let disk: string
  beforeAll(async () => {
    disk = await newDisk('new')
    machine = await start(disk, {
      instanceId: 'first',
      hostname: 'one',
      keys: [await publicKey(anna)],
      userData: '#!/bin/sh\necho "ran on $(hostname)" | tee -a /root/runs\nexit 3\n',
    })
    await machine.agent()
  }, 60_000)
  afterAll(() => machine[Symbol.asyncDispose]())

  it('lets in whoever has the key, under its name', async () => {
    expect(await machine.ssh(anna, 'hostname; whoami')).toBe('one\nroot')
  })

  it('keeps out whoever has not', async () => {
    await expect(machine.ssh(ben, 'true')).rejects.toThrow('Permission denied')
  })

  it('says what it is', async () => {
    expect(await machine.ssh(anna, '. /etc/os-release; echo $NAME')).toBe('Garrison small')
  })

  it('has a root file system as large as its disk', async () => {
    await machine.showed(/user-data ended/)
    const size = Number(await machine.ssh(anna, "df -k / | awk 'END { print $2 }'"))
    expect(size).toBeGreaterThan(2.8 * 2 ** 20)
  })

  it('runs user-data, keeps its output and its exit code', async () => {
    await machine.showed(/user-data ended with exit code 3/)
    expect(await machine.ssh(anna, 'cat /var/log/cloud-init-output.log')).toBe('ran on one')
    const status = JSON.parse(await machine.ssh(anna, 'cat /var/lib/garrison/startup.json'))
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(status).toEqual({
      ...{ status: 'failed', exit_code: 3, started_at: time, finished_at: time },
    })
  })

  it('does not keep user-data that has run', async () => {
    const left = 'find /run /var -xdev -name user-data; grep -rl "ran on" /var/lib /run || true'
    expect(await machine.ssh(anna, left)).toBe('')
  })

  it('takes and gives files by scp', async () => {
    const file = join(base, 'file')
    await writeFile(file, 'content')
    await machine.scpTo(anna, file, '/root/file')
    await machine.scpFrom(anna, '/root/file', `${file}-back`)
    expect(await readFile(`${file}-back`, 'utf8')).toBe('content')
  })

  it('takes files by the older protocol of scp', async () => {
    const file = join(base, 'old')
    await writeFile(file, 'old content')
    await machine.scpTo(anna, file, '/root/old', ['-O'])
    expect(await machine.ssh(anna, 'cat /root/old')).toBe('old content')
  })

  it('serves and fetches over HTTP, by name', async () => {
    const serve = 'mkdir /tmp/www; echo hello > /tmp/www/page; httpd -p 8080 -h /tmp/www'
    expect(await machine.ssh(anna, `${serve}; wget -qO- http://localhost:8080/page`)).toBe('hello')
    for (const timeout of ['-qT5 -O-', '-q -T 5 -O -', '-q --timeout=5 -O-'])
      expect(await machine.ssh(anna, `wget ${timeout} http://localhost:8080/page`)).toBe('hello')
  })

  it('gives up a download from a server that says nothing', async () => {
    const serve = 'nc -ll -p 8081 -e sleep 60 > /dev/null 2>&1 &'
    const listens = 'until grep -q ":1F91 .* 0A " /proc/net/tcp*; do usleep 10000; done'
    const fetch = 'wget -qT1 -O- http://localhost:8081/ 2>&1; kill $!'
    const words = await machine.ssh(anna, `${serve} ${listens}; ${fetch}`)
    expect(words).toContain('wget: download timed out')
  })

  it('makes and checks file systems', async () => {
    const make = 'truncate -s 16M /tmp/volume && mkfs.ext4 -q /tmp/volume && e2fsck -fn /tmp/volume'
    expect(await machine.ssh(anna, make)).toMatch(/volume: 11\/\d+ files/)
  })

  it('answers the host through the guest agent', async () => {
    const agent = await machine.agent()
    await agent.ask('guest-set-time')
    expect(await agent.ask('guest-fsfreeze-freeze')).toBe(1)
    expect(await agent.ask('guest-fsfreeze-status')).toBe('frozen')
    expect(await agent.ask('guest-fsfreeze-thaw')).toBe(1)
    const run = { path: '/bin/hostname', 'capture-output': true }
    expect(await agent.ask('guest-exec', run)).toEqual({ pid: expect.any(Number) })
  })

  it('becomes another machine while it runs, with random numbers that begin anew', async () => {
    expect(await machine.ssh(anna, '/usr/lib/garrison/reseed && echo done')).toBe('done')
    expect(await machine.ssh(anna, '/usr/lib/garrison/continue-as able && echo able')).toBe('able')
  })

  it('has only what runs from the image: no kernel modules on the disk', async () => {
    expect(await machine.ssh(anna, 'find / -xdev -name "*.ko*"')).toBe('')
  })
})

describe('the power button', () => {
  it('switches the machine off within 3 seconds and leaves the file system clean', async () => {
    const disk = await newDisk('button')
    await using machine = await start(disk, {
      instanceId: 'first',
      hostname: 'one',
      keys: [await publicKey(anna)],
    })
    await machine.agent()
    const writer = 'while :; do date >> /root/log; sync /root/log; done'
    await machine.ssh(anna, `setsid sh -c "${writer}" > /dev/null 2>&1 &`)
    await machine.ssh(anna, 'until [ -s /root/log ]; do usleep 10000; done')
    await machine.pressPowerButton()
    const { code, ms } = await machine.exit()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(3000)
    expect(await fileSystemState(disk)).toEqual({ state: 'clean', needsRecovery: false })
  }, 60_000)
})

describe('a machine that was there before', () => {
  it('keeps its identity over a reboot and does not run user-data again', async () => {
    const identity = {
      instanceId: 'first',
      hostname: 'one',
      keys: [await publicKey(anna)],
      userData: '#!/bin/sh\necho run >> /root/runs\n',
    }
    await using machine = await start(await newDisk('reboot'), identity)
    await machine.showed(/user-data ended/)
    const before = await whoIs(machine, anna)
    await machine.ssh(anna, 'reboot')
    await machine.showed(/reboot: Restarting system/)
    await machine.agent()
    expect(await whoIs(machine, anna)).toEqual(before)
    expect(await machine.ssh(anna, 'cat /root/runs')).toBe('run')
  }, 90_000)

  it('says that user-data failed which a restart cut short, and does not run it again', async () => {
    await using machine = await start(await newDisk('cut-short'), {
      instanceId: 'first',
      hostname: 'one',
      keys: [await publicKey(anna)],
      userData: '#!/bin/sh\necho begun\nreboot\nsleep 1000\n',
    })
    await machine.showed(/reboot: Restarting system/)
    await machine.agent()
    const ended = 'until grep -q failed /var/lib/garrison/startup.json; do usleep 50000; done'
    const shown = 'cat /var/lib/garrison/startup.json /var/log/cloud-init-output.log'
    const left = 'while find /run /var -xdev -name user-data | grep .; do usleep 50000; done'
    expect(await machine.ssh(anna, `${ended}; ${shown}`)).toMatch(
      /"status":"failed","exit_code":null.*\nbegun\ngarrison: the machine was restarted/,
    )
    await machine.ssh(anna, left)
  }, 90_000)

  it('is somebody else on a copy of its disk, and knows its old friends', async () => {
    const disk = await newDisk('source')
    const script = (code: number) => `#!/bin/sh\nhostname | tee -a /root/runs\nexit ${code}\n`
    const first = { instanceId: 'first', hostname: 'one', keys: [await publicKey(anna)] }
    const keys = [await publicKey(anna), await publicKey(ben)]
    const source = await start(disk, { ...first, userData: script(1) })
    await source.agent()
    await source.showed(/user-data ended/)
    const before = await whoIs(source, anna)
    await source.pressPowerButton()
    await source.exit()

    const copy = await overlay(disk, join(base, 'copy.qcow2'))
    const second = { instanceId: 'second', hostname: 'two', keys, userData: script(0) }
    await using machine = await start(copy, second)
    await machine.agent()
    await machine.showed(/user-data ended with exit code 0/)
    const outcome = 'cat /root/runs /var/log/cloud-init-output.log /var/lib/garrison/startup.json'
    expect(await machine.ssh(anna, outcome)).toMatch(/^one\ntwo\ntwo\n.*"succeeded"/)
    const after = await whoIs(machine, anna)
    expect(after.name).toBe('two')
    expect(after.hostKey).not.toBe(before.hostKey)
    expect(after.machineId).not.toBe(before.machineId)
    expect(await machine.ssh(ben, 'cat /root/.ssh/authorized_keys')).toBe(keys.join('\n'))
  }, 90_000)

  it('makes lost files anew after the power was cut', async () => {
    const disk = await newDisk('cut')
    const identity = { instanceId: 'first', hostname: 'one', keys: [await publicKey(anna)] }
    const source = await start(disk, identity)
    await source.agent()
    await source.ssh(anna, ': > /etc/dropbear/host_key; : > /etc/machine-id; sync')
    await source[Symbol.asyncDispose]()

    await using machine = await start(disk, identity)
    await machine.agent()
    expect((await whoIs(machine, anna)).machineId).toMatch(/^[0-9a-f]{32}$/)
  }, 90_000)
})

describe('a machine whose network is late', () => {
  it('is up once it has an address, so that whoever was told so can log in', async () => {
    const keys = [await publicKey(anna)]
    const identity = { instanceId: 'first', hostname: 'late', keys }
    await using machine = await start(await newDisk('late'), identity)
    await machine.setLink(false)
    const up = machine.agent().then(() => 'up')
    await machine.showed(/press Enter/)
    expect(await Promise.race([up, setTimeout(3_000, 'waiting')])).toBe('waiting')
    await machine.setLink(true)
    expect(await up).toBe('up')
    expect(await machine.ssh(anna, 'hostname')).toBe('late')
  }, 60_000)
})

describe('data of other kinds', () => {
  it('says on the console that it does not read cloud-config', async () => {
    await using machine = await start(await newDisk('cloud-config'), {
      instanceId: 'first',
      hostname: 'one',
      keys: [],
      userData: '#cloud-config\nruncmd:\n  - true\n',
    })
    await machine.showed(/user-data was not run: .* begins with: #cloud-config/)
  }, 60_000)

  it('comes from a disk labelled cidata where the host tells nothing', async () => {
    const content = join(base, 'seed')
    await mkdir(content)
    const identity = { instanceId: 'seeded', hostname: 'three', keys: [await publicKey(anna)] }
    await writeFile(join(content, 'meta-data'), metaData(identity))
    const seed = join(base, 'seed.img')
    await execute('mkfs.ext4', ['-q', '-L', 'cidata', '-d', content, seed, '1M'])
    const drive = ['-drive', `if=none,id=seed,format=raw,read-only=on,file=${seed}`]
    await using machine = await start(await newDisk('seeded'), null, [
      ...drive,
      ...['-device', 'virtio-blk-pci,drive=seed'],
    ])
    await machine.agent()
    expect((await whoIs(machine, anna)).name).toBe('three')
  }, 60_000)
})

async function whoIs(machine: Machine, key: string) {
  const [name, machineId] = (await machine.ssh(key, 'hostname; cat /etc/machine-id')).split('\n')
  return { name, machineId, hostKey: await machine.hostKey() }
}

/** Out of the superblock, as the guest left it. */
async function fileSystemState(disk: string) {
  const raw = `${disk}.raw`
  await execute('qemu-img', ['convert', '-O', 'raw', disk, raw])
  const { stdout } = await execute('dumpe2fs', ['-h', raw])
  return {
    state: /^Filesystem state: +(.*)$/m.exec(stdout)?.[1],
    needsRecovery: stdout.includes('needs_recovery'),
  }
}
