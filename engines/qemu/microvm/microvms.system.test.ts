import { createHash, randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { describeMicrovms } from '../../contract/microvms.ts'
import { type EgressPolicy, GuestError, NO_EGRESS } from '../../engine.ts'
import { ensureCgroup, removeCgroup } from '../host/cgroups.ts'
import { run as runOnHost } from '../network/run.ts'
import { findProcesses } from '../process/processes.ts'
import { makeMicrovmWorld, type QemuMicrovmWorld } from '../testing/microvm-world.ts'

/** Somebody in the internet whom the host reaches, if there is one. */
const outside = await lookup('deb.debian.org', 4)
  .then(async ({ address }) => {
    const socket = connect({ host: address, port: 80, timeout: 3_000 })
    socket.on('timeout', () => socket.destroy(new Error('nobody')))
    await once(socket, 'connect')
    socket.destroy()
    return { name: 'deb.debian.org', address }
  })
  .catch(() => null)

let world: QemuMicrovmWorld
const open = async () => {
  world = await makeMicrovmWorld()
  return world
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** How many lines of a file of memory have it, as grep tells. */
const timesIn = async (file: string, secret: string) =>
  (
    await runOnHost('sh', ['-c', `grep -a -c ${secret} ${world.paths.memory}/${file} || true`])
  ).trim()

const filesOf = async (folder: string) =>
  Promise.all(
    (await readdir(folder)).sort().map(async (file) => [file, await hashOf(`${folder}/${file}`)]),
  )

describeMicrovms('qemu', open, ({ start, run, engine, built, order, use }) => {
  test('twenty at once all run, each another machine', async () => {
    const started = await Promise.all(Array.from({ length: 20 }, () => start()))
    const code = 'import os; print(open("/etc/machine-id").read().strip(), os.urandom(8).hex())'
    const said = await Promise.all(started.map(({ id }) => run(id, 'python', code, 60_000)))
    const words = said.map(({ stdout }) => stdout.trim().split(' '))
    expect(new Set(words.map(([machine]) => machine)).size).toBe(20)
    expect(new Set(words.map(([, random]) => random)).size).toBe(20)
    expect(new Set(started.map(({ address }) => address)).size).toBe(20)
    await Promise.all(started.map(({ id }) => engine().ensureMicrovmGone(id, order())))
  })

  test('one that waits for somebody has run, and nothing that it sends gets anywhere until it is started', async () => {
    const egress = { ...NO_EGRESS, open: true }
    const source = await start({ egress })
    const sending =
      'import socket, threading, time\ndef send():\n  while True: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.1", 9)); time.sleep(0.02)\nthreading.Thread(target=send, daemon=True).start()'
    await run(source.id, 'python', sending)
    const snapshot = randomUUID()
    await engine().ensureMicrovmSnapshot(source.id, snapshot, order())
    const first = await start({ snapshot, egress })
    for (const { id } of [source, first]) await engine().ensureMicrovmGone(id, order())
    await world.microvms.fillPool()
    const connections = async () => {
      const processes = await findProcesses(`garrison-pool-${world.mark}-`)
      const count = ['cat', '/proc/sys/net/netfilter/nf_conntrack_count']
      const within = processes.map(({ pid }) =>
        runOnHost('nsenter', ['-t', String(pid), '-n', ...count]),
      )
      return (await Promise.all(within)).map(Number)
    }
    const waiting = await connections()
    expect(waiting.length).toBeGreaterThan(0)
    expect(Math.max(...waiting)).toBe(0)
    const { start: how } = await start({ snapshot, egress })
    expect(how).toMatchObject({ how: 'memory', pooled: true })
    await expect
      .poll(async () => Math.max(...(await connections())), { timeout: 20_000 })
      .toBeGreaterThan(0)
    await engine().ensureMicrovmSnapshotGone(snapshot, order())
  })

  test('its process has a control group of its own, which goes with it', async () => {
    const groups = async () => {
      const mounts = (await readFile('/proc/self/mounts', 'utf8')).matchAll(
        /^\S+ (\S+) cgroup2? /gm,
      )
      const folders = [...mounts].map(([, root]) => `${root}/garrison-${world.mark}`)
      const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))
      return new Set(names.flat().filter((name) => name.startsWith('pool-')))
    }
    if ((await ensureCgroup(world.mark, 'probe', { vcpus: 1, memoryMib: 128 })) === null) return
    await removeCgroup(world.mark, 'probe')
    await world.microvms.fillPool()
    const before = await groups()
    const { id } = await start()
    await world.microvms.fillPool()
    expect((await groups()).size).toBe(before.size + 1)
    await engine().ensureMicrovmGone(id, order())
    expect((await groups()).size).toBe(before.size)
  })

  test('it reads the time from its processor, however busy the host was when it booted', async () => {
    const { id } = await start()
    const source = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
    expect((await run(id, 'bash', `cat ${source}`)).stdout).toMatch(/^(tsc|kvm-clock)\n$/)
  })

  test('what a machine does to its memory and disk stays its own', async () => {
    const before = await filesOf(world.paths.memory)
    const one = await start()
    await run(
      one.id,
      'bash',
      'echo mine > /app/made; sync; head -c 20000000 /dev/zero > /dev/shm/x',
    )
    const two = await start()
    expect((await run(two.id, 'bash', 'cat /app/made; ls /dev/shm')).stdout).toBe('built\n')
    expect(await filesOf(world.paths.memory)).toEqual(before)
  })

  test('its process may not write to the memory that it began from', async () => {
    const { id } = await start()
    const processes = await findProcesses(`garrison-pool-${world.mark}-`)
    expect(processes.length).toBeGreaterThan(0)
    const [ram = ''] = (await readdir(world.paths.memory)).filter((file) => /^m.*\.ram$/.test(file))
    const path = `${world.paths.memory}/${ram}`
    const write = [
      '--reuid',
      String(processes[0]?.uid),
      '--clear-groups',
      'sh',
      '-c',
      `echo >> ${path}`,
    ]
    await expect(runOnHost('setpriv', write)).rejects.toThrow('Permission denied')
    await engine().ensureMicrovmGone(id, order())
  })

  test('it reaches nothing unless it is said, from its first packet on; neighbours and the host never', async () => {
    const server = createServer((socket) => socket.end('reached'))
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    const port = (server.address() as { port: number }).port
    const shut = await start()
    const open = await start({ egress: { ...shut.spec.egress, open: true, cidrs: ['10.0.0.0/8'] } })
    const listener = 'import socket; s = socket.create_server(("0.0.0.0", 7000))'
    await run(shut.id, 'python', listener)
    const [, host] = /src (\S+)/.exec(await runOnHost('ip', ['route', 'get', '192.0.2.9'])) ?? []
    const code = (target: string, at: number) =>
      `import socket\ntry:\n  socket.create_connection(("${target}", ${at}), 2); print("reached")\nexcept OSError as e: print("shut")`
    for (const { id } of [shut, open]) {
      for (const target of [shut.address, host])
        if (id !== shut.id || target !== shut.address)
          expect([
            target,
            (await run(id, 'python', code(String(target), target === host ? port : 7000))).stdout,
          ]).toEqual([target, 'shut\n'])
      expect((await run(id, 'python', code('169.254.169.254', 80))).stdout).toBe('shut\n')
    }
    server.close()
  })

  test.skipIf(outside === null)(
    'it reaches what its policy names by name, network or kind, and stops when the policy does',
    async () => {
      const { address: there = '', name = '' } = outside ?? {}
      const { spec, id } = await start({ egress: { ...NO_EGRESS, domains: [name] } })
      const tries = async (target: string, port: number, seconds: number) => {
        const code = `import socket\ntry:\n  socket.create_connection(("${target}", ${port}), ${seconds}).close(); print("reached")\nexcept OSError as error: print("shut", error)`
        return (await run(id, 'python', code)).stdout.trim()
      }
      // A busy host is slow to let somebody through; whom it keeps out need not wait for it.
      const reached = async (target: string) =>
        expect(await tries(target, 80, 20), target).toBe('reached')
      const isShut = async (target: string, port = 80) =>
        expect(await tries(target, port, 3), target).toMatch(/^shut/)
      const become = (change: Partial<EgressPolicy>) =>
        engine().applyEgress(id, { ...spec.egress, domains: [], ...change }, order())
      // Its address is allowed when its name has been asked for, and other names are not known at all.
      await reached(name)
      await isShut('example.com')
      await run(id, 'python', `kept = socket.create_connection(("${name}", 80), 20)`)
      await become({})
      await isShut(name)
      await isShut(there)
      const asking =
        'kept.settimeout(3)\ntry:\n  kept.send(b"GET / HTTP/1.0\\r\\n\\r\\n"); print(len(kept.recv(9)))\nexcept OSError: print("cut")'
      expect((await run(id, 'python', asking)).stdout).toMatch(/^(cut|0)\n$/)
      await become({ cidrs: [`${there}/32`] })
      await reached(there)
      await isShut(name)
      await become({ packageManagers: true })
      await reached('deb.debian.org')
      await become({ http: true })
      await reached(there)
      await isShut(there, 443)
      await isShut('169.254.169.254')
      await engine().ensureMicrovmGone(id, order())
    },
  )

  test('a machine is found again by a server that was started after its own was killed', async () => {
    const { id } = await start()
    await run(id, 'bash', 'kept=1')
    const reopened = await world.reopen()
    use(reopened)
    expect(await engine().observeMicrovm(id)).toMatchObject({ status: 'running' })
    expect((await run(id, 'bash', 'echo $kept')).stdout).toBe('1\n')
    expect((await start()).start.how).toBe('memory')
    await engine().ensureMicrovmGone(id, order())
    // What is just being made to wait is a process too.
    await reopened.fillPool()
    const left = (await engine().microvmHoldings()).microvms.filter(
      (each) => each.status === 'running',
    )
    const processes = await findProcesses(`garrison-pool-${world.mark}-`)
    expect(processes.length).toBe(left.length + engine().poolCounters().waiting)
  })

  test('a machine that ends itself is dead, and says so', async () => {
    const { id } = await start()
    const told = new Promise<string>((resolve) => {
      engine().onMicrovmEvent(({ microvm }) => microvm === id && resolve(microvm))
    })
    const ending = run(id, 'bash', 'echo o > /proc/sysrq-trigger; sleep 60')
    await expect(ending).rejects.toThrow()
    await told
    expect(await engine().observeMicrovm(id)).toMatchObject({ status: 'dead', address: null })
  })

  test('memory of another size is not gone on with: it boots, and says why', async () => {
    const { start: how, id } = await start({ memoryMib: 320 })
    expect(how).toMatchObject({ how: 'cold-boot', why: expect.stringContaining('256 MiB') })
    expect((await run(id, 'bash', 'cat /app/made')).stdout).toBe('built\n')
  })

  test('what was given at start is not in the memory of a snapshot, and its machine keeps it', async () => {
    const secret = `tops3cret-${randomUUID()}`
    const env = { DB_PASSWORD: secret, OTHER: 'x' }
    const { id } = await start({ identity: { hostname: 'one', env } })
    await run(id, 'bash', 'ls / > /dev/null; kept=1')
    await run(id, 'python', 'import subprocess; subprocess.run(["true"]); kept = 1')
    const isInMemory = async () => {
      const files = await readdir(world.paths.memory)
      return (await Promise.all(files.map((file) => timesIn(file, secret)))).some((n) => n !== '0')
    }
    await engine().ensureMicrovmSuspended(id, order())
    expect(await isInMemory()).toBe(false)
    await engine().ensureMicrovmResumed(id, order())
    await run(id, 'bash', 'true')
    const snapshot = randomUUID()
    await engine().ensureMicrovmSnapshot(id, snapshot, order())
    expect(await isInMemory()).toBe(false)
    const python = 'import os; print(os.environ.get("DB_PASSWORD"), kept)'
    const bash = 'echo "$DB_PASSWORD $kept"'
    expect((await run(id, 'python', python)).stdout).toBe(`${secret} 1\n`)
    expect((await run(id, 'bash', bash)).stdout).toBe(`${secret} 1\n`)
    const copy = await start({ snapshot })
    expect((await run(copy.id, 'python', python)).stdout).toBe('None 1\n')
    expect((await run(copy.id, 'bash', bash)).stdout).toBe(' 1\n')
  })

  test('the shell of a copy draws other random numbers, and knows its new name', async () => {
    const [one, two] = await Promise.all([start(), start()])
    expect((await run(one.id, 'bash', '[ $HOSTNAME = $(uname -n) ]')).exitCode).toBe(0)
    const drawn = async ({ id }: { id: string }) =>
      (await run(id, 'bash', 'echo $RANDOM $RANDOM $RANDOM')).stdout
    expect(await drawn(one)).not.toBe(await drawn(two))
  })

  test('its clock is right, and one that was set wrong is right again', async () => {
    const { id } = await start()
    const source = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
    expect((await run(id, 'bash', `cat ${source}; date -s @1000`)).stdout).toMatch(/^tsc\n/)
    const began = Date.now() / 1000
    const told = Number((await run(id, 'bash', 'date +%s')).stdout)
    expect(told).toBeGreaterThan(began - 1.5)
    expect(told).toBeLessThan(Date.now() / 1000 + 1.5)
  })

  test('what looks like a file and is none is not read and not written', async () => {
    const { id } = await start()
    const reading = engine().readFile(id, '/proc/kmsg').then(text)
    await expect(reading).rejects.toThrow('It is not a file')
    await expect(
      engine().writeFile(id, '/dev/null', Readable.from([Buffer.from('x')])),
    ).rejects.toThrow('It is not a file')
  })

  test('a build that cannot have its disk says so', async () => {
    const other = { ...built, id: randomUUID(), diskGb: 1 }
    const building = engine().buildMicrovmSnapshot(other, () => {}, order())
    await expect(building).rejects.toThrow(GuestError)
    await expect(building).rejects.toThrow('ask for that or more')
  })
})
