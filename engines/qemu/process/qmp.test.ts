import { afterEach, expect, test } from 'vitest'
import { type LineServer, type Request, serveLines } from '../testing/line-server.ts'
import { QmpClient, QmpError, type QmpEvent } from './qmp.ts'

const GREETING = '{"QMP": {"version": {}, "capabilities": ["oob"]}}\r\n'
const SHORT_MS = 50

let server: LineServer
let client: QmpClient | undefined
afterEach(async () => {
  client?.close()
  client = undefined
  await server.close()
})

/** A QEMU that agrees to the handshake and does `answer` with everything else. */
async function connect(
  answer: (request: Request, send: (text: string) => void) => void,
  onEvent: (event: QmpEvent) => void = () => {},
): Promise<QmpClient> {
  server = await serveLines({
    greeting: GREETING,
    answer: (request, send) =>
      request.execute === 'qmp_capabilities'
        ? send(`{"return": {}, "id": ${request.id}}\n`)
        : answer(request, send),
  })
  client = await QmpClient.connect(server.path, 5_000, onEvent)
  return client
}

test('answers what QEMU returns', async () => {
  const qmp = await connect(({ id }, send) =>
    send(`{"return": {"status": "running"}, "id": ${id}}\n`),
  )
  expect(await qmp.execute('query-status')).toEqual({ status: 'running' })
})

test('gives each of several open commands its own answer, in whatever order they come', async () => {
  const open: Request[] = []
  const qmp = await connect((request, send) => {
    open.push(request)
    if (open.length === 2)
      for (const { id, execute } of open.toReversed())
        send(`{"return": "${execute}", "id": ${id}}\n`)
  })
  expect(await Promise.all([qmp.execute('one'), qmp.execute('two')])).toEqual(['one', 'two'])
})

test('tells events that come in between', async () => {
  const events: string[] = []
  const qmp = await connect(
    ({ id }, send) =>
      send(`{"event": "SHUTDOWN", "data": {"guest": true}}\n{"return": {}, "id": ${id}}\n`),
    ({ name, data }) => events.push(`${name} ${data.guest}`),
  )
  await qmp.execute('system_powerdown')
  expect(events).toEqual(['SHUTDOWN true'])
})

test('says what QEMU refused and why', async () => {
  const refusal = '"error": {"class": "GenericError", "desc": "No such device"}'
  const qmp = await connect(({ id }, send) => send(`{${refusal}, "id": ${id}}\n`))
  const refused = qmp.execute('device_del')
  await expect(refused).rejects.toThrow(QmpError)
  await expect(refused).rejects.toThrow('QEMU refused device_del: No such device')
})

test('does not wait for ever for an answer', async () => {
  const qmp = await connect(() => {})
  await expect(qmp.execute('query-status', {}, SHORT_MS)).rejects.toThrow(/did not answer/)
})

test('gives up open commands when the line is cut', async () => {
  const qmp = await connect(() => server.hangUp())
  await expect(qmp.execute('quit')).rejects.toThrow(/closed its control line/)
  await qmp.closed
})

test('does not wait for ever for a greeting', async () => {
  server = await serveLines({ answer: () => {} })
  const connected = QmpClient.connect(server.path, SHORT_MS, () => {})
  await expect(connected).rejects.toThrow(/does not answer/)
})

test('hangs up on words that are no QMP', async () => {
  const qmp = await connect((_, send) => send('hello\n'))
  await expect(qmp.execute('query-status')).rejects.toThrow(/closed its control line/)
})
