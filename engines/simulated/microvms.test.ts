import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { buildSpec, describeMicrovms, microvmSpec } from '../contract/microvms.ts'
import { scaledDurations } from './durations.ts'
import { SimulatedEngine } from './engine.ts'
import { orderSequence, realClock, testHosts, testOsImages } from './testing.ts'

const order = orderSequence()
const opened: SimulatedEngine[] = []
afterAll(() => Promise.all(opened.map((engine) => engine.close())))

async function open() {
  const durations = scaledDurations(0)
  const options = { hosts: testHosts, osImages: testOsImages, clock: realClock, durations }
  const engine = new SimulatedEngine(options)
  opened.push(engine)
  await engine.start()
  return engine.microvms
}

describeMicrovms('simulated', async () => ({
  microvms: await open(),
  order,
  dispose: async () => {},
}))

async function machine() {
  const microvms = await open()
  const built = buildSpec()
  await microvms.buildMicrovmSnapshot(built, () => {}, order())
  const spec = microvmSpec({ snapshot: built.id })
  await microvms.ensureMicrovm(spec, order())
  return { microvms, spec }
}

test('what is not played says so, and does not pass for having worked', async () => {
  const { microvms, spec } = await machine()
  const code = 'apt-get install hope'
  const result = await microvms.execute(spec.id, { language: 'bash', code, timeoutMs: 1_000 })
  expect(result).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('simulated') })
})

test('one port answers HTTP, so that shares can be shown', async () => {
  const { microvms, spec } = await machine()
  const line = await microvms.connectPort(spec.id, 8080)
  line.write('GET /page HTTP/1.1\r\nhost: one\r\nconnection: close\r\n\r\n')
  expect(await text(line)).toMatch(/^HTTP\/1.1 200 .*one was asked for \/page/s)
})

test('a policy is what was said last', async () => {
  const { microvms, spec } = await machine()
  await microvms.applyEgress(spec.id, { ...spec.egress, https: true }, order())
  expect(microvms.egressOf(spec.id)).toMatchObject({ https: true, http: false })
})
