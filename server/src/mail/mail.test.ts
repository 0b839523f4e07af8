import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { loadConfig } from '../config.ts'
import { transaction } from '../database/database.ts'
import { openListener } from '../database/listen.ts'
import { createTestDatabase, type TestDatabase } from '../database/testing.ts'
import { queueMail } from './queue.ts'
import { createMailSender, startMail } from './sender.ts'
import { createMailTransport, type MailTransport } from './transport.ts'

let database: TestDatabase
let clock: ManualClock
let cleanup: AsyncDisposableStack
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  database = await createTestDatabase()
  cleanup.defer(() => database.drop())
  clock = new ManualClock()
})
afterEach(() => cleanup.disposeAsync())

const mail = { to: 'ada@example.org', subject: 'Your code', text: 'It is 123456.' }
const queue = (changes: Partial<typeof mail> = {}) =>
  transaction(database.db, (tx) => queueMail(tx, { ...mail, ...changes }, clock.now()))
const rows = () => database.db.selectFrom('mails').selectAll().orderBy('created_at').execute()
const sender = (transport: MailTransport, log = () => {}) =>
  createMailSender({ db: database.db, clock, transport, log })
const hour = 3_600_000

/** A mail server that keeps what it is given. */
async function mailServer() {
  const received: { to: string[]; user: string | undefined; content: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, callback) =>
      password === 'right' ? callback(null, { user: username }) : callback(new Error('no')),
    onRcptTo: ({ address }, _session, callback) =>
      address.startsWith('nobody@')
        ? callback(Object.assign(new Error('No such mailbox'), { responseCode: 550 }))
        : callback(),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        received.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          user: session.user as string | undefined,
          content: Buffer.concat(chunks).toString(),
        })
        callback()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { received, port }
}

function smtp(settings: NonNullable<ReturnType<typeof loadConfig>['mail']['smtp']>) {
  const config = loadConfig({ env: {}, dataDir: '/nowhere' })
  const transport = createMailTransport(
    { ...config, mail: { from: 'Garrison <cloud@example.org>', smtp: settings } },
    () => {},
  )
  cleanup.defer(async () => transport.close())
  return transport
}

describe('a mail', () => {
  it('goes to the mail server, signed in, and its text is forgotten', async () => {
    const server = await mailServer()
    await queue({ subject: 'Grüße' })
    const account = { user: 'cloud', password: 'right' }
    await sender(smtp({ host: '127.0.0.1', port: server.port, ...account })).run()
    expect(server.received).toMatchObject([{ to: [mail.to], user: 'cloud' }])
    expect(server.received[0]?.content).toContain('From: Garrison <cloud@example.org>')
    expect(server.received[0]?.content).toContain(mail.text)
    expect(await rows()).toMatchObject([
      { body: null, next_attempt_at: null, sent_at: clock.now(), attempts: 1, error: null },
    ])
  })

  it('is not sent when what it tells about did not happen', async () => {
    const server = await mailServer()
    const failing = transaction(database.db, async (tx) => {
      await queueMail(tx, mail, clock.now())
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await sender(smtp(`smtp://127.0.0.1:${server.port}`)).run()
    expect(server.received).toEqual([])
  })

  it('is sent once, though several processes send', async () => {
    const server = await mailServer()
    for (let count = 0; count < 10; count++) await queue()
    const transport = smtp(`smtp://127.0.0.1:${server.port}`)
    await Promise.all([1, 2, 3].map(() => sender(transport).run()))
    expect(server.received).toHaveLength(10)
    expect(new Set((await rows()).map(({ attempts }) => attempts))).toEqual(new Set([1]))
  })

  it('is given up when there is no such mailbox', async () => {
    const server = await mailServer()
    await queue({ to: 'nobody@example.org' })
    await sender(smtp(`smtp://127.0.0.1:${server.port}`)).run()
    expect(await rows()).toMatchObject([
      { body: null, next_attempt_at: null, sent_at: null, error: expect.stringContaining('550') },
    ])
  })

  it('cannot be given headers or more recipients by what is put into it', async () => {
    const server = await mailServer()
    await queue({ subject: 'Hello\r\nBcc: eve@example.org', to: 'ada@example.org' })
    await queue({ to: 'ada@example.org, eve@example.org' })
    await sender(smtp(`smtp://127.0.0.1:${server.port}`)).run()
    const to = server.received.flatMap((each) => each.to)
    expect(to).not.toContain('eve@example.org')
    expect(server.received[0]?.content).not.toMatch(/^Bcc:/m)
  })
})

describe('a mail server that is away', () => {
  const away: MailTransport = {
    send: () => Promise.reject(new Error('connect ECONNREFUSED')),
    close: () => {},
  }

  it('is asked again, less and less often', async () => {
    await queue()
    const { run } = sender(away)
    const pauses: number[] = []
    for (let count = 0; count < 12; count++) {
      await run()
      const [row] = await rows()
      const pause = (row?.next_attempt_at?.getTime() ?? 0) - clock.now().getTime()
      pauses.push(pause / 1000)
      await clock.advance(pause)
    }
    expect(pauses.slice(0, 4)).toEqual([10, 20, 40, 80])
    expect(pauses.at(-1)).toBe(3600)
    expect(await rows()).toMatchObject([{ attempts: 12, error: 'connect ECONNREFUSED' }])
  })

  it('is waited for a day, and then the log says that the mail is lost', async () => {
    await queue()
    const said: string[] = []
    const { run } = createMailSender({
      ...{ db: database.db, clock, transport: away },
      log: (_level, message) => said.push(message),
    })
    await clock.advance(24 * hour)
    await run()
    expect(said).toEqual(['a mail cannot be delivered and is given up'])
    expect(await rows()).toMatchObject([{ body: null, next_attempt_at: null, sent_at: null }])
  })
})

describe('without a mail server', () => {
  it('a mail becomes a file for its owner alone, and the log names it without its text', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'garrison-mail-'))
    cleanup.defer(() => rm(dataDir, { recursive: true }))
    const config = loadConfig({ env: {}, dataDir })
    const lines: unknown[] = []
    const transport = createMailTransport(config, (...line) => lines.push(line))
    const listener = await openListener(database.connection, () => {})
    cleanup.defer(() => listener.close())
    const sending = await startMail({
      ...{ db: database.db, clock, listener, transport },
      log: () => {},
    })
    cleanup.defer(() => sending.close())
    const link = `http://example.org/accept?token=${'x'.repeat(80)}`
    await queue({ text: `Grüße! It is 123456.\n\n  ${link}\n` })
    const file = await expectFile(join(dataDir, 'mail'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dataDir, 'mail'))).mode & 0o777).toBe(0o700)
    const content = await readFile(file, 'utf8')
    expect(content).toContain(`To: ${mail.to}`)
    expect(content).toContain(`Grüße! It is 123456.\n\n  ${link}\n`)
    expect(content).toContain('Content-Transfer-Encoding: 8bit')
    expect(JSON.stringify(lines)).toContain(file)
    expect(JSON.stringify(lines)).not.toContain('123456')
  })
})

async function expectFile(dir: string): Promise<string> {
  let found: string | undefined
  await expect
    .poll(async () => {
      const files = await readdir(dir).catch(() => [])
      found = files.find((name) => name.endsWith('.eml'))
      return found
    })
    .toBeDefined()
  return join(dir, found ?? '')
}
