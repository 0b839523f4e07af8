import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSpec, microvmSpec } from '../../../contract/microvms.ts'
import { GuestError, type MicrovmBuildSpec } from '../../../engine.ts'
import { run as runOnHost } from '../../network/run.ts'
import {
  type ImageRegistry,
  serve,
  startImageRegistry,
  withPassword,
} from '../../testing/image-registry.ts'
import { makeMicrovmWorld, type QemuMicrovmWorld } from '../../testing/microvm-world.ts'
import type { OciSource } from './pull.ts'

const SILENCE_MS = 2_000

let world: QemuMicrovmWorld
let registry: ImageRegistry
let tiny: string
const insecure = { insecure: true }

beforeAll(async () => {
  ;[registry, world] = await Promise.all([
    startImageRegistry(),
    makeMicrovmWorld({ each: 0, all: 0 }, SILENCE_MS),
  ])
  tiny = await registry.add('tiny')
})
afterAll(async () => {
  await world?.dispose()
  await registry?.[Symbol.asyncDispose]()
})

const spec = (source: OciSource, overrides: Partial<MicrovmBuildSpec> = {}) =>
  buildSpec({ source: { kind: 'oci', ...source }, commands: [], ...overrides })

async function build(wanted: MicrovmBuildSpec): Promise<string[]> {
  const log: string[] = []
  await world.microvms.buildMicrovmSnapshot(wanted, (line) => log.push(line), world.order())
  return log
}

/** What somebody is told, and that nothing is left. */
async function refusal(source: OciSource): Promise<string> {
  const error: unknown = await build(spec(source)).catch((error: unknown) => error)
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
  const image = spec({ reference: tiny, registry: insecure })
  const commands = [{ title: 'See', shell: 'test "$COLOUR" = blue && echo seen > /app/seen' }]
  const log = await build({ ...image, commands })
  expect(log.join('\n')).toMatch(/is sha256:.*\nFetching 1 layers.*\nUnpacking \d+ files.*\n/)
  const machine = microvmSpec({ snapshot: image.id })
  await world.microvms.ensureMicrovm(machine, world.order())
  const code = 'cat /app/seen; echo $COLOUR; stat -c %u:%a /bin/busybox /tmp'
  const bash = { language: 'bash', code, timeoutMs: 30_000 } as const
  const said = await world.microvms.execute(machine.id, bash)
  expect(said.stdout).toBe('seen\nblue\n0:755\n0:1777\n')
  const python = { language: 'python', code: '1', timeoutMs: 30_000 } as const
  const none = world.microvms.execute(machine.id, python)
  await expect(none).rejects.toMatchObject({ reason: 'no-language' })
  await world.microvms.ensureMicrovmGone(machine.id, world.order())
  await world.microvms.ensureMicrovmSnapshotGone(image.id, world.order())

  const layers = await unpacked()
  expect(layers).toHaveLength(1)
  await world.reopen()
  const failing = [{ title: 'Break it', shell: 'echo before; false' }]
  const again = spec({ reference: tiny, registry: insecure }, { commands: failing })
  const lines: string[] = []
  const { microvms } = world
  const building = microvms.buildMicrovmSnapshot(again, (line) => lines.push(line), world.order())
  await expect(building).rejects.toThrow('Break it: failed with exit code 1')
  expect(lines).toContain('It is unpacked already')
  expect(lines).toContain('before')
  expect(await unpacked()).toEqual(layers)
  expect((await microvms.microvmHoldings()).snapshots).toEqual([])
})

test('an image that is not there, or is for other machines, or has no shell, is refused in words', async () => {
  const missing = tiny.replace('tiny', 'missing')
  expect(await refusal({ reference: missing, registry: insecure })).toMatch(/There is no image/)
  const arm = await registry.add('arm', { architecture: 'arm64' })
  expect(await refusal({ reference: arm, registry: insecure })).toMatch(
    /linux\/arm64.*linux\/amd64/,
  )
  const bare = await registry.add('bare', { hasShell: false })
  expect(await refusal({ reference: bare, registry: insecure })).toMatch(/no shell at \/bin\/sh/)
  const local = { reference: `oci:${registry.folder}/layout:none` }
  expect(await refusal(local)).toMatch(/There is no image/)
})

test('a registry that hangs is not waited for, and one that the operator has not named is out of reach', async () => {
  await using silent = await serve(() => {})
  const hanging = { reference: `docker://${silent.name}/some/image:1`, registry: insecure }
  expect(await refusal(hanging)).toMatch(/does not answer/)
  expect(await refusal({ reference: tiny })).toMatch(/not in the internet|Nobody answers/)
})

test('a registry that wants a password gets the one of the operator', async () => {
  await using guarded = await withPassword(registry.name, 'reader:se:cret')
  const reference = tiny.replace(registry.name, guarded.name)
  expect(await refusal({ reference, registry: insecure })).toMatch(/without credentials/)
  const credentials = 'reader:se:cret'
  const short = { reference, registry: { ...insecure, credentials } }
  const failing = [{ title: 'Enough', shell: 'false' }]
  // Its content is here already, so it does not take long.
  await expect(build(spec(short, { commands: failing }))).rejects.toThrow('Enough: failed')
})

test('a layer that leads out of its tree does not get there', async () => {
  const mark = `/tmp/garrison-escaped-${world.mark}`
  const make = `mkdir -p "$1/in" && cd "$1/in" && echo mine > file
    tar -cPf ../up.tar --transform "s,^file,../../../../../../../../..$2," file
    ln -s /tmp link && tar -cf ../link.tar link && rm link && mkdir link && echo mine > "link/\${2#/tmp/}"
    tar -cf ../through.tar "link/\${2#/tmp/}"`
  const folder = join(registry.folder, 'hostile')
  await runOnHost('sh', ['-ec', make, 'sh', folder, mark])
  const layers = ['up', 'link', 'through'].map((name) => `${folder}/${name}.tar`)
  await registry.add('hostile', { layers, hasShell: false })
  expect(await refusal({ reference: `oci:${registry.folder}/layout:hostile` })).toMatch(/no shell/)
  expect(existsSync(mark)).toBe(false)
})
