/**
 * Sends what was queued. A mail is locked while it is sent, so that of several processes one sends it;
 * a death between the mail server's word and our commit is the one case in which it goes out again, with
 * the same Message-ID.
 */
import type { Selectable } from 'kysely'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import type { Listener } from '../database/listen.ts'
import type { Schema } from '../database/schema.ts'
import type { Log } from '../log.ts'
import { type Repetition, repeat } from '../repeat.ts'
import { mailChannel } from './queue.ts'
import type { MailTransport } from './transport.ts'

const lookEveryMs = 15_000
const firstPauseMs = 10_000
const longestPauseMs = 60 * 60_000
/** Then nobody expects it any more. */
const giveUpAfterMs = 24 * 60 * 60_000
/** That a mail was sent, not what it said, is kept this long. */
const rememberedMs = 30 * 24 * 60 * 60_000

type Deps = { db: Database; clock: Clock; transport: MailTransport; log: Log }
type QueuedMail = Selectable<Schema['mails']>

export function createMailSender({ db, clock, transport, log }: Deps) {
  /** Sends one that is due; false when none is. */
  const sendNext = () =>
    transaction(db, async (tx) => {
      const mail = await tx
        .selectFrom('mails')
        .selectAll()
        .where('next_attempt_at', '<=', clock.now())
        .orderBy('next_attempt_at')
        .limit(1)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst()
      if (mail === undefined) return false
      await tx
        .updateTable('mails')
        .set({ attempts: mail.attempts + 1, ...(await attempt(mail)) })
        .where('id', '=', mail.id)
        .execute()
      return true
    })

  async function attempt(mail: QueuedMail) {
    const { id, recipient, subject, body, created_at } = mail
    const done = { body: null, next_attempt_at: null }
    try {
      await transport.send({ id, to: recipient, subject, text: body ?? '', at: created_at })
      return { ...done, sent_at: clock.now(), error: null }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const next = nextAttempt(mail, clock.now())
      if (next === null || isRefusedForGood(error)) {
        log('warn', 'a mail cannot be delivered and is given up', { mail: id, subject, reason })
        return { ...done, error: reason }
      }
      log('warn', 'a mail cannot be sent yet', { mail: id, subject, reason, next })
      return { next_attempt_at: next, error: reason }
    }
  }

  return {
    /** Sends all that is due. */
    async run() {
      while (await sendNext());
      await db
        .deleteFrom('mails')
        .where('next_attempt_at', 'is', null)
        .where('created_at', '<', new Date(clock.now().getTime() - rememberedMs))
        .execute()
    },
  }
}

/** Null: a day is over. Pauses double from 10 s to an hour. */
function nextAttempt({ attempts, created_at }: QueuedMail, now: Date): Date | null {
  const pause = Math.min(firstPauseMs * 2 ** attempts, longestPauseMs)
  const next = new Date(now.getTime() + pause)
  return next.getTime() - created_at.getTime() > giveUpAfterMs ? null : next
}

/** The mail server does not take mail for this recipient, today or tomorrow. */
function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('responseCode' in error)) return false
  return error.code === 'EENVELOPE' && Number(error.responseCode) >= 500
}

export async function startMail(deps: Deps & { listener: Listener }): Promise<Repetition> {
  const sender = createMailSender(deps)
  const sending = repeat('mail', sender.run, { everyMs: lookEveryMs, log: deps.log })
  await deps.listener.subscribe(mailChannel, sending.poke)
  return {
    poke: sending.poke,
    async close() {
      await sending.close()
      deps.transport.close()
    },
  }
}
