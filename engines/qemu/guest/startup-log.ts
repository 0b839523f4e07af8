/**
 * What a guest's first boot did, asked of its agent: `garrison-small` says it in a file of its own, any
 * other image as cloud-init does. Files are read through the agent, a bounded part of each, and what they
 * say is checked: the guest belongs to its tenant.
 */
import { z } from 'zod'
import type { StartupLog } from '../../engine.ts'
import { AgentRefusal, type AskAgent } from './agent.ts'

/** Where both kinds of guest keep the output. */
const OUTPUT = '/var/log/cloud-init-output.log'
const MAX_OUTPUT_BYTES = 64 * 1024

const OURS = '/var/lib/garrison/startup.json'
const CLOUD_INIT_STATUS = '/run/cloud-init/status.json'
/** There once cloud-init has ended. */
const CLOUD_INIT_RESULT = '/run/cloud-init/result.json'
const MAX_STATUS_BYTES = 64 * 1024

const CALL_MS = 5_000

type Progress = Omit<StartupLog, 'log'>

/** `null`: the guest has not begun, or has nothing to do. Throws when its agent does not answer. */
export async function readStartupLog(ask: AskAgent): Promise<StartupLog | null> {
  const progress = (await readOurs(ask)) ?? (await readCloudInit(ask))
  if (progress === null) return null
  const output = await readEnd(ask, OUTPUT, MAX_OUTPUT_BYTES)
  return { ...progress, log: output === null ? '' : asText(output) }
}

const Time = z.iso.datetime().transform((text) => new Date(text))

const Ours = z.object({
  status: z.enum(['running', 'succeeded', 'failed']),
  exit_code: z.int().min(0).max(255).nullable(),
  started_at: Time,
  finished_at: Time.nullable(),
})

async function readOurs(ask: AskAgent): Promise<Progress | null> {
  const said = Ours.safeParse(await readJson(ask, OURS))
  if (!said.success) return null
  const { status, exit_code, started_at, finished_at } = said.data
  return { status, exitCode: exit_code, startedAt: started_at, finishedAt: finished_at }
}

/** Seconds since 1970, up to the year 9999; null before it happened. */
const Seconds = z.number().min(0).max(253_402_300_799).nullish()
const Stage = z.object({ start: Seconds, finished: Seconds }).partial().optional()
const Status = z.object({
  v1: z.object({ init: Stage, 'init-local': Stage, 'modules-final': Stage }),
})
const Result = z.object({ v1: z.object({ errors: z.array(z.unknown()) }) })

async function readCloudInit(ask: AskAgent): Promise<Progress | null> {
  const status = Status.safeParse(await readJson(ask, CLOUD_INIT_STATUS))
  if (!status.success) return null
  const { v1 } = status.data
  const startedAt = timeOf(v1['init-local']?.start ?? v1.init?.start)
  const result = Result.safeParse(await readJson(ask, CLOUD_INIT_RESULT))
  if (!result.success) {
    // Before that stage has ended, user-data may not have been fetched.
    if (v1.init?.finished == null) return null
    return { status: 'running', exitCode: null, startedAt, finishedAt: null }
  }
  const finishedAt = timeOf(v1['modules-final']?.finished)
  const ended = result.data.v1.errors.length === 0 ? 'succeeded' : 'failed'
  // It runs many things and tells the exit code of none.
  return { status: ended, exitCode: null, startedAt, finishedAt }
}

const timeOf = (seconds: number | null | undefined) =>
  seconds == null ? null : new Date(seconds * 1_000)

/** `undefined` when there is no such file, or it does not hold JSON. */
async function readJson(ask: AskAgent, path: string): Promise<unknown> {
  const content = await readEnd(ask, path, MAX_STATUS_BYTES)
  if (content === null) return undefined
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    return undefined
  }
}

const Handle = z.int()
const Position = z.object({ position: z.int().nonnegative() })
const Chunk = z.object({ 'buf-b64': z.base64() })

/** The last `maximum` bytes of a file; `null` when the guest cannot open it. */
async function readEnd(ask: AskAgent, path: string, maximum: number): Promise<Buffer | null> {
  const handle = await open(ask, path)
  if (handle === null) return null
  try {
    const end = { handle, offset: 0, whence: 'end' }
    const { position: size } = Position.parse(await ask('guest-file-seek', end, CALL_MS))
    const offset = Math.max(0, size - maximum)
    await ask('guest-file-seek', { handle, offset, whence: 'set' }, CALL_MS)
    const chunk = await ask('guest-file-read', { handle, count: maximum }, CALL_MS)
    return Buffer.from(Chunk.parse(chunk)['buf-b64'], 'base64').subarray(0, maximum)
  } finally {
    await ask('guest-file-close', { handle }, CALL_MS).catch(() => {})
  }
}

async function open(ask: AskAgent, path: string): Promise<number | null> {
  try {
    return Handle.parse(await ask('guest-file-open', { path, mode: 'r' }, CALL_MS))
  } catch (error) {
    if (error instanceof AgentRefusal) return null
    throw error
  }
}

/** Whatever was cut off at the beginning, and what is no text, become replacement characters. */
const asText = (bytes: Buffer) => bytes.toString('utf8').replaceAll('\0', '\ufffd')
