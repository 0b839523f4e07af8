/** MicroVMs by their API on a real host: an image becomes machines; and what a killed server leaves of them. */
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ImageRegistry,
  startImageRegistry,
} from '@garrison/engines/qemu/testing/image-registry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processesNaming, TestServer } from './server.ts'

let registry: ImageRegistry
let server: TestServer
let image: string
/** Built of the image by the first test; the others start from it. */
let snapshot: string

beforeAll(async () => {
  registry = await startImageRegistry()
  image = await registry.add('tiny')
  server = await TestServer.start({
    log: { level: 'debug' },
    microvms: { registries: [{ name: registry.name, insecure: true }] },
  })
})
afterAll(async () => {
  await server?.dispose()
  await registry?.[Symbol.asyncDispose]()
})

type Vm = { vm_id: string; session_id: string; status: string }

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
async function ok<T = any>(asked: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await asked
  expect({ status, body }).toMatchObject({ status: 200 })
  return body
}
const start = (more: object = {}) =>
  ok<Vm>(server.post('/v1/vms', { snapshot_id: snapshot, vm_lifetime_seconds: 600, ...more }))
const execute = (vm: Pick<Vm, 'session_id'>, command: string, timeout = 30) =>
  server.post('/execute', { session_id: vm.session_id, language: 'bash', command, timeout })
async function said(vm: Pick<Vm, 'session_id'>, command: string): Promise<string> {
  const { stdout } = await ok(execute(vm, command))
  return stdout.trim()
}
const end = (vm: Vm) => ok(server.delete(`/v1/vms/${vm.vm_id}`))
const statusOf = async (vm: Vm) => (await ok(server.get(`/v1/vms/${vm.vm_id}`))).status

const build = async (more: object = {}): Promise<string> => {
  const body = { oci_image: image.replace('docker://', ''), vcpu_count: 1, memory_mb: 128, ...more }
  return (await ok(server.post('/v1/snapshots', body))).id
}
const built = (id: string) =>
  server.until(`/v1/snapshots/${id}`, ({ body }) => ['ready', 'failed'].includes(body.status))
const logged = (id: string, text: string) =>
  server.until(`/v1/snapshots/${id}/build-log`, ({ body }) => body.log.includes(text))

/** Bytes of the text in any file of memory, disks or records that the host keeps. */
async function filesWith(text: string): Promise<string[]> {
  const folder = join(server.dataDir, 'microvms')
  const found: string[] = []
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    let kept = ''
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 4 * 2 ** 20 })) {
        const now = kept + chunk.toString('latin1')
        if (now.includes(text)) found.push(name)
        if (now.includes(text)) break
        kept = now.slice(-text.length)
      }
    } catch {
      // A folder, or gone meanwhile.
    }
  }
  return found
}

async function send(path: string, vm: Vm, fields: Record<string, string>, file?: Buffer) {
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...fields, session_id: vm.session_id }))
    form.set(name, value)
  if (file !== undefined) form.set('file', new Blob([new Uint8Array(file)]), 'data.bin')
  return server.sendForm(path, form)
}
const addressOf = async ({ session_id }: Vm) =>
  (await ok(server.get(`/v1/sessions/app-url/${session_id}?port=80`))).vm_ip

const unpackers = () => processesNaming(join(server.dataDir, 'microvms/unpacking'))

/** Of microVMs, when there are none and no snapshot of them: what an image is unpacked into may stay. */
async function left(): Promise<string[]> {
  const folder = (name: string) =>
    readdir(join(server.dataDir, 'microvms', name)).then(
      (files) => files.map((file) => `${name}/${file}`),
      () => [],
    )
  const all = await Promise.all(
    ['machines', 'snapshots', 'slots', 'unpacking', 'layers', 'memory'].map(folder),
  )
  return [
    ...all.flat().filter((path) => !/^layers\/os-|^memory\/empty-/.test(path)),
    ...(await processesNaming(server.dataDir)).map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    ),
  ].filter((found) => !/main\.ts|postgres/.test(found))
}

describe('an image of a registry', () => {
  it('becomes a snapshot, with what is asked for, and its log is readable while that happens', async () => {
    const id = await build({
      name: 'prepared',
      build_args: {
        envs: { STAGE: 'test' },
        post_build_cmd: 'echo begun $STAGE > made; cat made; sleep 1; echo ended',
      },
    })
    const { body: log } = await logged(id, 'begun test')
    expect(log).toMatchObject({ status: 'building', is_complete: false })
    expect((await built(id)).body).toMatchObject({ status: 'ready', last_error: null })
    const rest = await ok(server.get(`/v1/snapshots/${id}/build-log?offset=${log.next_offset}`))
    expect(rest.log).toMatch(/ended\n[\s\S]*Done/)
    snapshot = id
  })

  it('that is not there is a build that failed, in words', async () => {
    const id = await build({ oci_image: `${registry.name}/images/none:1` })
    const { body } = await built(id)
    expect(body).toMatchObject({
      status: 'failed',
      last_error: expect.stringContaining('no image'),
    })
    await ok(server.delete(`/v1/snapshots/${id}`))
  })
})

describe('a machine of it', () => {
  const token = `token-${Math.random()}`
  let vm: Vm
  let brief: Vm

  it('runs what it is told and keeps its state, with the environment of image, build and start', async () => {
    vm = await start({ env: { TOKEN: token }, metadata: { task: 'first' } })
    expect(await said(vm, 'word=kept; cat made; echo $COLOUR $STAGE $TOKEN')).toBe(
      `begun test\nblue test ${token}`,
    )
    expect(await said(vm, 'echo $word')).toBe('kept')
    const failed = await ok(execute(vm, 'echo why >&2; exit 3'))
    expect(failed).toMatchObject({ exit_code: 3, stderr: 'why\n', success: false })
    await ok(execute(vm, 'word=kept'))
    const late = await ok(execute(vm, 'sleep 60', 1))
    expect(late).toMatchObject({ exit_code: 124, success: false })
  })

  it('was given its secrets by nothing that the host keeps', async () => {
    expect(await filesWith('begun test')).not.toEqual([])
    expect(await filesWith(token)).toEqual([])
    expect(server.log()).not.toContain(token)
  })

  it('gets other metadata and another lifetime', async () => {
    brief = await start()
    await ok(execute(brief, 'word=last'))
    const changed = await ok(
      server.send('PATCH', `/v1/vms/${brief.vm_id}`, {
        ...{ metadata: { task: 'last' }, vm_lifetime_seconds: 20 },
        ...{ snapshot_on_terminate: true, snapshot_name: 'testament' },
      }),
    )
    expect(changed.metadata).toEqual({ task: 'last' })
    expect(Date.parse(changed.ends_at) - Date.now()).toBeLessThanOrEqual(20_000)
  })

  it('takes files and gives them back', async () => {
    const content = Buffer.alloc(300_000, 'garrison')
    const sent = await send('/upload', vm, { remote_path: 'in/data.bin' }, content)
    expect(sent).toMatchObject({ status: 200, body: { remote_path: '/app/in/data.bin' } })
    expect(await said(vm, 'busybox wc -c < in/data.bin')).toBe('300000')
    const got = await send('/download', vm, { filename: 'in/data.bin' })
    expect(Buffer.from(got.body.content, 'base64').equals(content)).toBe(true)
    expect(await send('/download', vm, { filename: 'none' })).toMatchObject({ status: 404 })
  })

  it('is cloned: the same state, another machine, and neither sees what the other writes', async () => {
    await ok(execute(vm, 'word=before; echo before > note'))
    const clone = await ok<Vm>(server.post(`/v1/vms/${vm.vm_id}/clone`, {}))
    expect(clone).toMatchObject({ status: 'running', snapshot_deleted: true })
    expect(await said(clone, 'echo $word; cat note; echo "[$TOKEN]"')).toBe('before\nbefore\n[]')
    const identity =
      'cat /etc/machine-id /proc/sys/kernel/hostname; busybox head -c 16 /dev/urandom | busybox od -An -tx1'
    const [one, two] = await Promise.all(
      [vm, clone].map(async (each) => (await said(each, identity)).split('\n')),
    )
    for (const [index, word] of one?.entries() ?? []) expect(word).not.toBe(two?.[index])
    const addresses = await Promise.all([vm, clone].map(addressOf))
    expect(new Set(addresses).size).toBe(2)
    await ok(execute(vm, 'word=mine; echo mine > note'))
    await ok(execute(clone, 'echo theirs > other'))
    expect(await said(clone, 'echo $word; cat note')).toBe('before\nbefore')
    expect((await ok(execute(vm, 'cat other'))).exit_code).toBe(1)
    await end(clone)
  })

  it('is suspended and goes on, and is captured as it was', async () => {
    const path = `/v1/vms/${vm.vm_id}`
    await ok(execute(vm, 'word=asleep'))
    expect(await ok(server.post(`${path}/suspend`))).toMatchObject({ status: 'suspended' })
    expect(await execute(vm, 'true')).toMatchObject({ status: 409 })
    expect(await ok(server.post(`${path}/resume`))).toMatchObject({ status: 'running' })
    expect(await said(vm, 'echo $word')).toBe('asleep')
    const taken = await ok(server.post(`${path}/snapshot`, { name: 'later' }))
    await ok(execute(vm, 'word=awake'))
    const copy = await start({ snapshot_id: taken.snapshot_id })
    expect(copy).toMatchObject({ start: 'memory' })
    expect(await said(copy, 'echo $word')).toBe('asleep')
    await end(copy)
    await ok(server.delete(`/v1/snapshots/${taken.snapshot_id}`))
  })

  it('ended when its time was over, and left the snapshot that was wanted', async () => {
    const { body: ended } = await server.until(
      `/v1/vms/${brief.vm_id}`,
      ({ body }) => body.status === 'terminated',
    )
    expect(ended.message).toBe('Its lifetime is over')
    const all = await ok(server.get('/v1/snapshots?type=user'))
    const { id, status } = all.find((each: { name: string }) => each.name === 'testament')
    expect(status).toBe('ready')
    const heir = await start({ snapshot_id: id })
    expect(await said(heir, 'echo $word')).toBe('last')
    await end(heir)
    await ok(server.delete(`/v1/snapshots/${id}`))
    await end(vm)
  })
})

describe('a hostile guest', () => {
  it('that floods its lines and forks without end harms itself alone, and ends like any other', async () => {
    const [hostile, other] = await Promise.all([start(), start()])
    const flood = 'while :; do busybox head -c 65536 /dev/urandom; done'
    await ok(execute(hostile, `(${flood} > /dev/ttyS0 2>&1 &) ; (${flood} > /dev/hvc0 2>&1 &)`))
    // Its agent loses its port, which is somebody else's from then on.
    const steal = `cd /sys/bus/virtio/drivers/virtio_console; for d in virtio*; do echo $d > unbind; echo $d > bind; done`
    await ok(execute(hostile, `(${steal}; ${flood} > /dev/vport0p1) > /dev/null 2>&1 &`))
    await ok(
      execute(hostile, 'bomb() { bomb | bomb & }; bomb', 1).catch(() => ({
        status: 200,
        body: {},
      })),
    )
    const answers = await Promise.all(Array.from({ length: 5 }, () => said(other, 'cat made')))
    expect(new Set(answers)).toEqual(new Set(['begun test']))
    const { status, body } = await execute(hostile, 'echo here', 2)
    if (status !== 200)
      expect({ status, body }).toMatchObject({ status: 400, body: { detail: expect.any(String) } })
    expect(await end(hostile)).toMatchObject({ status: 'terminated' })
    await end(other)
  })

  it('that hears nothing any more is suspended all the same', async () => {
    const mute = await start({ env: { TOKEN: 'of the mute' } })
    const cut = `cd /sys/bus/virtio/drivers/virtio_console; for d in virtio*; do echo $d > unbind; done`
    expect(await ok(execute(mute, cut, 1))).toMatchObject({ exit_code: 124 })
    const suspended = await ok(server.post(`/v1/vms/${mute.vm_id}/suspend`))
    expect(suspended).toMatchObject({ status: 'suspended' })
    await end(mute)
  })
})

describe('a server that is killed', () => {
  const token = `token-${Math.random()}`
  const env = { TOKEN: token }
  // What a shell prints stays in its memory, which is its own doing.
  const ask = 'echo $word; echo $TOKEN | busybox md5sum'
  const answer = (word: string, secret: string) =>
    `${word}\n${createHash('md5').update(`${secret}\n`).digest('hex')}  -`
  let vm: Vm

  it('while it unpacks, and again while it builds, builds it all the same', async () => {
    const other = await registry.add('other', { env: 'LINE=other' })
    const id = await build({
      oci_image: other.replace('docker://', ''),
      build_args: { post_build_cmd: 'echo stopping here; sleep 1' },
    })
    for (const line of ['Unpacking', 'stopping here']) {
      await logged(id, line)
      await server.kill()
      await server.launch()
    }
    expect((await built(id)).body).toMatchObject({ status: 'ready', last_error: null })
    expect(await unpackers()).toEqual([])
    const made = await start({ snapshot_id: id })
    expect(await said(made, 'echo $LINE')).toBe('other')
    await end(made)
    await ok(server.delete(`/v1/snapshots/${id}`))
  })

  it('in the middle of a start has the machine run once', async () => {
    await server.killedAt('microVM start: placed', () => start({ env }))
    await server.settled()
    const vms = await ok<Vm[]>(server.get('/v1/vms'))
    expect(vms).toHaveLength(1)
    vm = vms[0] as Vm
    expect(await said(vm, 'cat made')).toBe('begun test')
  })

  it.each(['suspend: captured', 'suspend: recorded', 'resume: recorded'])(
    'at "%s" has it done, with its state and the environment that it was given',
    async (step) => {
      const [verb = ''] = step.split(':')
      await ok(execute(vm, `word='${step}'`))
      if (verb === 'resume') await ok(server.post(`/v1/vms/${vm.vm_id}/suspend`))
      await server.killedAt(`microVM ${step}`, () => server.post(`/v1/vms/${vm.vm_id}/${verb}`))
      await server.settled()
      expect(await statusOf(vm)).toBe(verb === 'resume' ? 'running' : 'suspended')
      if (verb === 'suspend') await ok(server.post(`/v1/vms/${vm.vm_id}/resume`))
      expect(await said(vm, ask)).toBe(answer(step, token))
    },
  )

  it.each(['overlay announced', 'disk switched'])(
    'at "snapshot: %s" has the copy, which outlives what it was taken of and has none of its environment',
    async (step) => {
      const source = await start({ env })
      await ok(execute(source, `word='${step}'; echo '${step}' > note; sync`))
      await server.killedAt(`microVM snapshot: ${step}`, () =>
        server.post(`/v1/vms/${source.vm_id}/clone`, {}),
      )
      await server.settled()
      const [copy, ...others] = (await ok<Vm[]>(server.get('/v1/vms'))).filter(
        ({ vm_id }) => ![vm.vm_id, source.vm_id].includes(vm_id),
      )
      if (copy === undefined) throw new Error('there is no copy')
      expect(others).toEqual([])
      expect(await said(source, `cat note; ${ask}`)).toBe(`${step}\n${answer(step, token)}`)
      expect(await filesWith(token)).toEqual([])
      await end(source)
      expect(await said(copy, `cat note; ${ask}`)).toBe(`${step}\n${answer(step, '')}`)
      await ok(server.post(`/v1/vms/${copy.vm_id}/suspend`))
      await ok(server.post(`/v1/vms/${copy.vm_id}/resume`))
      expect(await said(copy, 'busybox ls; cat note')).toContain(step)
      await end(copy)
    },
  )

  it('in the middle of an end ends it, and leaves nothing else of it', async () => {
    await server.killedAt('microVM removal: ended', () => server.delete(`/v1/vms/${vm.vm_id}`))
    await server.settled()
    expect(await statusOf(vm)).toBe('terminated')
    await ok(server.delete(`/v1/snapshots/${snapshot}`))
    await server.settled()
    expect(await left()).toEqual([])
  })
})
