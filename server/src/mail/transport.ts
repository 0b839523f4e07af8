/** The two ways for a mail to leave: over SMTP, or into a file that somebody at this host can read. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Mail } from './queue.ts'

/** `id` names the mail for ever, so that whoever gets it twice can tell; `at` is when it was written. */
export type OutgoingMail = Mail & { id: string; at: Date }

export type MailTransport = {
  /** Resolves once the mail is somebody else's to deliver. */
  send(mail: OutgoingMail): Promise<void>
  close(): void
}

/** Of one mail altogether: a transaction waits for it. */
const patienceMs = 40_000

export function createMailTransport(
  { mail, dataDir }: Pick<Config, 'mail' | 'dataDir'>,
  log: Log,
): MailTransport {
  return mail.smtp === null
    ? filesIn(join(dataDir, 'mail'), mail.from, log)
    : overSmtp(mail.smtp, mail.from)
}

const messageOf = (from: string, { id, at, to, subject, text }: OutgoingMail) => ({
  from,
  to: { name: '', address: to },
  subject,
  text,
  date: at,
  messageId: `<${id}@${/@([^@\s>]+)>?$/.exec(from)?.[1] ?? 'garrison'}>`,
  headers: { 'Auto-Submitted': 'auto-generated' },
})

function overSmtp(smtp: NonNullable<Config['mail']['smtp']>, from: string): MailTransport {
  const server =
    typeof smtp === 'string'
      ? { url: smtp }
      : {
          host: smtp.host,
          port: smtp.port,
          secure: smtp.port === 465,
          ...(smtp.user !== undefined && { auth: { user: smtp.user, pass: smtp.password ?? '' } }),
        }
  const transporter = nodemailer.createTransport({
    ...server,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  })
  return {
    async send(mail) {
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => late.reject(new Error(`The mail server took longer than ${patienceMs / 1000} s`)),
        patienceMs,
      )
      try {
        await Promise.race([transporter.sendMail(messageOf(from, mail)), late.promise])
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => transporter.close(),
  }
}

function filesIn(dir: string, from: string, log: Log): MailTransport {
  const writer = nodemailer.createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'unix',
  })
  return {
    async send(mail) {
      const { message } = await writer.sendMail(messageOf(from, mail))
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const file = join(dir, `${mail.at.toISOString().replaceAll(':', '-')}-${mail.id}.eml`)
      await writeFile(`${file}.new`, readable(message.toString(), mail.text), { mode: 0o600 })
      await rename(`${file}.new`, file)
      log('info', 'a mail is in a file, since mail.smtp is not configured', {
        file,
        subject: mail.subject,
      })
    },
    close: () => writer.close(),
  }
}

/** Its text as it is: encoded for a mail server, a link would be in pieces. */
const readable = (message: string, text: string) =>
  `${message
    .slice(0, message.indexOf('\n\n'))
    .replace(/^Content-Transfer-Encoding: .*$/m, 'Content-Transfer-Encoding: 8bit')}\n\n${text}`
