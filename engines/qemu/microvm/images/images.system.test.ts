import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSpec, microvmSpec } from '../../../contract/microvms.ts'
import { GuestError, type MicrovmBuildSpec } from '../../../engine.ts'
import { run as runOnHost } from '../../network/run.ts'
import {
  type HttpServer,
  type ImageRegistry,
  serve,
  stallingAt,
  startImageRegistry,
  withPassword,
} from '../../testing/image-registry.ts'
import { makeMicrovmWorld, type QemuMicrovmWorld } from '../../testing/microvm-world.ts'

const SILENCE_MS = 2_000

const credentials = 'reader:se:cret'

let world: QemuMicrovmWorld
let microvms: QemuMicrovmWorld['microvms']
const opened = new AsyncDisposableStack()
let registry: ImageRegistry
let guarded: HttpServer
let silent: HttpServer
let stalling: HttpServer
let tiny: string

beforeAll(async () => {
  registry = opened.use(await startImageRegistry())
  guarded = opened.use(await withPassword(registry.name, credentials))
  silent = opened.use(await serve(() => {}))
  stalling = opened.use(await stallingAt(registry.name, 100_000))
  const named = [registry, guarded, silent, stalling].map(({ name }) => ({
    ...{ name, insecure: true },
    credentials: name === guarded.name ? credentials : null,
  }))
  tiny = await registry.add('tiny')
  const images = { imageRegistries: named, registrySilenceMs: SILENCE_MS }
  world = await makeMicrovmWorld({ each: 0, all: 0 }, images)
  microvms = world.microvms
})
afterAll(async () => {
  await world?.dispose()
  await opened.disposeAsync()
})

const spec = (reference: string, overrides: Partial<MicrovmBuildSpec> = {}) =>
  buildSpec({ source: { kind: 'oci', reference }, commands: [], ...overrides })

async function build(wanted: MicrovmBuildSpec): Promise<string[]> {
  const log: string[] = []
  await microvms.buildMicrovmSnapshot(wanted, (line) => log.push(line), world.order())
  return log
}

/** What somebody is told, and that nothing is left. */
async function refusal(reference: string): Promise<string> {
  const error: unknown = await build(spec(reference)).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(GuestError)
  expect(await readdir(world.paths.unpacking)).toEqual([])
  expect(await readdir(world.paths.slots)).toEqual([])
  const { message } = error as GuestError
  expect(message).not.toContain(world.paths.data)
  return message
}

const unpacked = async () =>
  (await readdir(world.paths.layers)).filter((file) => file.startsWith('os-oci-'))

test('an image of a registry becomes machines, with what it sets; the same is not unpacked twice', async () => {
  const image = spec(tiny, {
    commands: [{ title: 'See', shell: 'test "$COLOUR" = blue && echo seen > /app/seen' }],
  })
  const log = await build(image)
  expect(log.join('\n')).toMatch(/is sha256:.*\nFetching 1 layers.*\nUnpacking \d+ files.*\n/)
  const machine = microvmSpec({ snapshot: image.id })
  await microvms.ensureMicrovm(machine, world.order())
  const code = 'cat /app/seen; echo $COLOUR; stat -c %u:%a /bin/busybox /tmp'
  const bash = { language: 'bash', code, timeoutMs: 30_000 } as const
  expect((await microvms.execute(machine.id, bash)).stdout).toBe('seen\nblue\n0:4755\n0:1777\n')
  const python = { language: 'python', code: '1', timeoutMs: 30_000 } as const
  const none = microvms.execute(machine.id, python)
  await expect(none).rejects.toMatchObject({ reason: 'no-language' })
  await microvms.ensureMicrovmGone(machine.id, world.order())
  await microvms.ensureMicrovmSnapshotGone(image.id, world.order())

  const layers = await unpacked()
  expect(layers).toHaveLength(1)
  microvms = await world.reopen()
  const again = spec(tiny, { commands: [{ title: 'Break it', shell: 'echo before; false' }] })
  const lines: string[] = []
  const building = microvms.buildMicrovmSnapshot(again, (line) => lines.push(line), world.order())
  await expect(building).rejects.toThrow('Break it: failed with exit code 1')
  expect(lines).toContain('It is unpacked already')
  expect(lines).toContain('before')
  expect(await unpacked()).toEqual(layers)
  expect((await microvms.microvmHoldings()).snapshots).toEqual([])
})

test('an image that is not there, or is for other machines, or has no shell, is refused in words', async () => {
  expect(await refusal(tiny.replace('tiny', 'missing'))).toMatch(/There is no image/)
  const arm = await registry.add('arm', { architecture: 'arm64' })
  expect(await refusal(arm)).toMatch(/linux\/arm64.*linux\/amd64/)
  const bare = await registry.add('bare', { hasShell: false })
  expect(await refusal(bare)).toMatch(/no shell at \/bin\/sh/)
  expect(await refusal(`oci:${registry.folder}/layout:none`)).toMatch(/There is no image/)
  expect(await refusal('docker://-x')).toMatch(/Not an image/)
})

test('a registry that hangs is not waited for, and one that the operator has not named is out of reach', async () => {
  expect(await refusal(`docker://${silent.name}/some/image:1`)).toMatch(/does not answer/)
  const hasty = { ...spec(`docker://${silent.name}/some/image:1`), limitMs: 1_000 }
  await expect(build(hasty)).rejects.toThrow('It was not done within 1 s')
  const other = await registry.add('other', { env: 'OTHER=1' })
  const stalled = other.replace(registry.name, stalling.name)
  expect(await refusal(stalled)).toMatch(/has stopped sending/)
  await using strange = await serve((_, response) => response.end('reached'))
  const outside = `docker://${strange.name}/some/image:1`
  expect(await refusal(outside)).toMatch(/not in the internet|Nobody answers/)
})

test('a registry that wants a password gets the one of the operator', async () => {
  const own = await registry.add('own', { hasShell: false, env: 'OWN=1' })
  expect(await refusal(own.replace(registry.name, guarded.name))).toMatch(/no shell/)
})

test('a layer that leads out of its tree does not get there', async () => {
  const mark = `/tmp/garrison-escaped-${world.mark}`
  const make = `mkdir -p "$1/in" && cd "$1/in" && echo mine > file
    tar -cPf ../up.tar --transform "s,^file,../../../../../../../../..$2," file
    ln -s /tmp link && tar -cf ../link.tar link && rm link && mkdir link && echo mine > "link/\${2#/tmp/}"
    tar -cf ../through.tar "link/\${2#/tmp/}"`
  const folder = join(registry.folder, 'made')
  await runOnHost('sh', ['-ec', make, 'sh', folder, mark])
  const layers = ['up', 'link', 'through'].map((name) => `${folder}/${name}.tar`)
  await registry.add('hostile', { layers, hasShell: false })
  expect(await refusal(`oci:${registry.folder}/layout:hostile`)).toMatch(/no shell/)
  expect(existsSync(mark)).toBe(false)
})
