/**
 * What every engine with microVMs must do. One snapshot is built for all tests, since that is what takes
 * long; machines are cheap.
 */
import { randomUUID } from 'node:crypto'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type ExecuteResult,
  FencedError,
  type Language,
  type MicrovmBuildSpec,
  type MicrovmEngine,
  type MicrovmSnapshotResult,
  type MicrovmSpec,
  type MicrovmStart,
  type MicrovmState,
  NO_EGRESS,
  NotFoundError,
  NotRunningError,
  type Order,
} from '../engine.ts'
import { LIMIT_MS } from './site.ts'

export type MicrovmWorld = {
  /** Of a started engine that holds no microVMs. */
  readonly microvms: MicrovmEngine
  order(): Order
  dispose(): Promise<void>
}

const tenant = randomUUID()

export function buildSpec(overrides: Partial<MicrovmBuildSpec> = {}): MicrovmBuildSpec {
  return {
    id: randomUUID(),
    tenant,
    isPublic: false,
    source: { kind: 'base', name: 'garrison/base:1' },
    vcpus: 1,
    memoryMib: 256,
    diskGb: null,
    commands: [{ title: 'A file', shell: 'echo built > /app/made' }],
    env: {},
    egress: NO_EGRESS,
    limitMs: LIMIT_MS,
    ...overrides,
  }
}

export function microvmSpec(overrides: Partial<MicrovmSpec> & { snapshot: string }): MicrovmSpec {
  return {
    id: randomUUID(),
    tenant,
    vcpus: 1,
    memoryMib: 256,
    identity: { hostname: 'one', env: {} },
    egress: NO_EGRESS,
    ...overrides,
  }
}

/** What tests of one engine need to say more about the same snapshot. */
export type MicrovmSite = {
  readonly engine: () => MicrovmEngine
  /** After the engine was dropped and opened again. */
  use(engine: MicrovmEngine): void
  readonly built: MicrovmBuildSpec
  order(): Order
  start(
    overrides?: Partial<MicrovmSpec>,
  ): Promise<MicrovmState & { readonly spec: MicrovmSpec; readonly start: MicrovmStart }>
  run(id: string, language: Language, code: string, timeoutMs?: number): Promise<ExecuteResult>
}

/** `makeWorld` is called once; `more` adds tests of the engine's own. */
export function describeMicrovms(
  name: string,
  makeWorld: () => Promise<MicrovmWorld>,
  more: (site: MicrovmSite) => void = () => {},
): void {
  describe(`microVMs of the ${name} engine`, { timeout: LIMIT_MS }, () => {
    let world: MicrovmWorld
    let engine: MicrovmEngine
    const built = buildSpec()
    const log: string[] = []
    let result: MicrovmSnapshotResult
    const order = () => world.order()
    const start = async (overrides: Partial<MicrovmSpec> = {}) => {
      const spec = microvmSpec({ snapshot: built.id, ...overrides })
      return { spec, ...(await engine.ensureMicrovm(spec, order())) }
    }
    const run = (id: string, language: Language, code: string, timeoutMs = 30_000) =>
      engine.execute(id, { language, code, timeoutMs })

    beforeAll(async () => {
      world = await makeWorld()
      engine = world.microvms
      result = await engine.buildMicrovmSnapshot(built, (line) => log.push(line), order())
    }, LIMIT_MS)
    // An idle one takes some of a processor that is emulated.
    afterEach(async () => {
      const { microvms } = await engine.microvmHoldings()
      await Promise.all(microvms.map(({ id }) => engine.ensureMicrovmGone(id, order())))
    }, LIMIT_MS)
    afterAll(() => world?.dispose(), LIMIT_MS)

    test('a build tells what it does, and its result is a snapshot with memory', async () => {
      expect(log).toContain('A file')
      expect(result).toMatchObject({ vcpus: 1, memoryMib: 256 })
      expect((await engine.microvmHoldings()).snapshots).toContain(built.id)
    })

    test('a machine goes on from memory and is the same when it is asked for again', async () => {
      const { id, spec, start: how, status } = await start()
      expect({ status, how: how.how }).toEqual({ status: 'running', how: 'memory' })
      const again = await engine.ensureMicrovm(spec, order())
      expect(again).toMatchObject({ id, status: 'running', start: { how: 'memory' } })
      expect(await run(id, 'bash', 'cat /app/made')).toMatchObject({
        stdout: 'built\n',
        exitCode: 0,
      })
    })

    test('state is kept between calls, in each language', async () => {
      const { id } = await start()
      await run(id, 'python', 'x = 41')
      expect(await run(id, 'python', 'print(x)')).toMatchObject({ stdout: '41\n', exitCode: 0 })
      await run(id, 'bash', 'y=7')
      expect(await run(id, 'bash', 'echo $y')).toMatchObject({ stdout: '7\n' })
    })

    test('code that takes too long is ended, and the machine goes on', async () => {
      const { id } = await start()
      const late = await run(id, 'bash', 'sleep 60', 300)
      expect(late).toMatchObject({ timedOut: true, exitCode: 124 })
      expect(await run(id, 'bash', 'echo here')).toMatchObject({ stdout: 'here\n' })
    })

    test('an exit code is told', async () => {
      const { id } = await start()
      expect(await run(id, 'bash', 'exit 3')).toMatchObject({ exitCode: 3, timedOut: false })
    })

    test('machines of one snapshot have names of their own, and what they were given', async () => {
      const env = { TOKEN: "it's $1" }
      const one = await start({ identity: { hostname: 'first', env } })
      const two = await start({ identity: { hostname: 'second', env: {} } })
      expect((await run(one.id, 'bash', 'hostname')).stdout).toBe('first\n')
      expect((await run(two.id, 'bash', 'hostname')).stdout).toBe('second\n')
      expect((await run(one.id, 'bash', 'echo "$TOKEN"')).stdout).toBe("it's $1\n")
      expect((await run(two.id, 'bash', 'echo "$TOKEN"')).stdout).toBe('\n')
    })

    test('files go in and come out, and what is not there is an error', async () => {
      const { id } = await start()
      const content = Buffer.alloc(700_000, 'garrison')
      const pieces = async function* () {
        yield content.subarray(0, 300_000)
        yield content.subarray(300_000)
      }
      expect(await engine.writeFile(id, '/app/a/b.bin', pieces())).toEqual({ sizeBytes: 700_000 })
      expect((await buffer(await engine.readFile(id, '/app/a/b.bin'))).equals(content)).toBe(true)
      await expect(engine.readFile(id, '/app/none')).rejects.toMatchObject({ reason: 'not-found' })
      // By these words clients know that they want it as an archive.
      await expect(engine.readFile(id, '/app/a')).rejects.toThrow('It is a folder')
      const tooMuch = engine.writeFile(id, '/app/c', pieces(), { mostBytes: 10 })
      await expect(tooMuch).rejects.toMatchObject({ reason: 'full' })
      await expect(engine.readFile(id, '/app/c')).rejects.toMatchObject({ reason: 'not-found' })
    })

    test('a copy of a running machine goes on with its state, apart from it, without its secrets', async () => {
      const env = { SECRET: 'hush' }
      const source = await start({ identity: { hostname: 'source', env } })
      await run(source.id, 'bash', 'z=1; echo old > /app/note')
      const snapshot = randomUUID()
      await engine.ensureMicrovmSnapshot(source.id, snapshot, order())
      await run(source.id, 'bash', 'z=2; echo new > /app/note')
      const copy = await start({ snapshot })
      expect(copy.start.how).toBe('memory')
      const shown = await run(copy.id, 'bash', 'echo "$z$SECRET"; cat /app/note')
      expect(shown.stdout).toBe('1\nold\n')
      expect((await run(source.id, 'bash', 'echo $z; cat /app/note')).stdout).toBe('2\nnew\n')
      await engine.ensureMicrovmSnapshotGone(snapshot, order())
      expect((await run(copy.id, 'bash', 'cat /app/note')).stdout).toBe('old\n')
    })

    test('a suspended machine does nothing, and goes on where it was', async () => {
      const { id } = await start()
      await run(id, 'bash', 'kept=yes')
      await engine.ensureMicrovmSuspended(id, order())
      expect(await engine.observeMicrovm(id)).toMatchObject({ status: 'suspended', address: null })
      await expect(run(id, 'bash', 'true')).rejects.toThrow(NotRunningError)
      const resumed = await engine.ensureMicrovmResumed(id, order())
      expect(resumed).toMatchObject({ status: 'running', start: { how: 'memory' } })
      expect((await run(id, 'bash', 'echo $kept')).stdout).toBe('yes\n')
    })

    test('a copy of a suspended machine goes on where it was suspended, and so does the machine', async () => {
      const { id } = await start()
      await run(id, 'bash', 'kept=yes; echo old > /app/note')
      await engine.ensureMicrovmSuspended(id, order())
      const snapshot = randomUUID()
      const taken = await engine.ensureMicrovmSnapshot(id, snapshot, order())
      expect(taken).toMatchObject({ pausedMs: 0 })
      expect(await engine.observeMicrovm(id)).toMatchObject({ status: 'suspended' })
      const copy = await start({ snapshot })
      expect(copy.start.how).toBe('memory')
      await run(copy.id, 'bash', 'echo new > /app/note')
      await engine.ensureMicrovmResumed(id, order())
      expect((await run(id, 'bash', 'echo $kept; cat /app/note')).stdout).toBe('yes\nold\n')
      await engine.ensureMicrovmGone(id, order())
      expect((await run(copy.id, 'bash', 'echo $kept; cat /app/note')).stdout).toBe('yes\nnew\n')
      await engine.ensureMicrovmSnapshotGone(snapshot, order())
    })

    test('a terminal shows what is typed into it', async () => {
      const { id } = await start()
      const pty = await engine.openPty(id, { columns: 80, rows: 24 })
      pty.stream.write('echo in a terminal\nexit 5\n')
      expect(await text(pty.stream)).toContain('in a terminal')
      expect(await pty.exited).toBe(5)
    })

    test('commands have input and output of their own, side by side', async () => {
      const { id } = await start()
      const waiting = await engine.openCommand(id, 'cat')
      const other = await engine.openCommand(id, 'echo out; nonsense; exit 3')
      other.stream.end()
      const [printed, errors] = await Promise.all([text(other.stream), text(other.errors)])
      expect([printed, await other.exited]).toMatchObject(['out\n', { exitCode: 3 }])
      expect(errors).toContain('nonsense')
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 256))
      waiting.stream.end(bytes)
      waiting.errors.resume()
      expect((await buffer(waiting.stream)).equals(bytes)).toBe(true)
      expect(await waiting.exited).toMatchObject({ exitCode: 0 })
      const script = await engine.openCommand(id, null)
      script.stream.end('echo from a script; exit 4\n')
      expect(await text(script.stream)).toBe('from a script\n')
      expect(await script.exited).toMatchObject({ exitCode: 4 })
    })

    test('commands end when they are called off, also before they have begun', async () => {
      const { id } = await start()
      for (let n = 0; n < 20; n++) {
        const command = await engine.openCommand(id, 'cat')
        command.stream.destroy()
        expect(await command.exited).toMatchObject({ exitCode: 137 })
      }
    })

    test('a port where nobody listens is an error', async () => {
      const { id } = await start()
      await expect(engine.connectPort(id, 1)).rejects.toMatchObject({ reason: 'not-found' })
    })

    test('a late order is refused', async () => {
      const late = order()
      const { id } = await start()
      await expect(engine.ensureMicrovmGone(id, late)).rejects.toThrow(FencedError)
    })

    test('what is gone is gone, twice', async () => {
      const { id } = await start()
      await engine.ensureMicrovmGone(id, order())
      await engine.ensureMicrovmGone(id, order())
      expect(await engine.observeMicrovm(id)).toMatchObject({ status: 'absent' })
      await expect(run(id, 'bash', 'true')).rejects.toThrow(NotFoundError)
    })

    test('what nobody has heard of, or is of another tenant, is not found', async () => {
      await expect(start({ snapshot: randomUUID() })).rejects.toThrow(NotFoundError)
      await expect(start({ tenant: randomUUID() })).rejects.toThrow(NotFoundError)
    })

    test('a command of a build that fails ends it, and nothing is left', async () => {
      const failing = buildSpec({ commands: [{ title: 'To fail', shell: 'exit 3' }] })
      const building = engine.buildMicrovmSnapshot(failing, () => {}, order())
      await expect(building).rejects.toThrow(/To fail.*exit code 3/)
      expect((await engine.microvmHoldings()).snapshots).not.toContain(failing.id)
    })

    more({
      ...{ built, order, start, run, engine: () => engine },
      use: (other) => {
        engine = other
      },
    })
  })
}
