/** What is known of a microVM, in words, by the table that the server refuses by. */
import {
  liveMicrovmStatuses,
  type MicrovmAction,
  type MicrovmStatus,
  microvmActions,
} from '@garrison/contract/microvms/states'
import type { Answer } from '../api/client.ts'
import type { Look } from '../ui/status.tsx'

export type Vm = Answer<'get', '/v1/vms/{vm_id}'>

export const isLive = (status: MicrovmStatus) =>
  (liveMicrovmStatuses as readonly MicrovmStatus[]).includes(status)

const looks: Readonly<Record<MicrovmStatus, Look>> = {
  starting: 'changing',
  running: 'running',
  suspending: 'changing',
  suspended: 'hibernated',
  resuming: 'changing',
  terminating: 'changing',
  terminated: 'stopped',
  failed: 'problem',
}
export const vmLook = (status: MicrovmStatus) => looks[status]
export const isVmChanging = (status: MicrovmStatus) => looks[status] === 'changing'

/** Why the action is refused in this state, for people; null when it is not. */
export function whyNotVm(action: MicrovmAction, status: MicrovmStatus): string | null {
  const { from, done } = microvmActions[action]
  if ((from as readonly MicrovmStatus[]).includes(status)) return null
  if (!isLive(status)) return 'It has ended'
  if (isVmChanging(status)) return `It is ${status}; wait until that has finished`
  const first = status === 'suspended' ? '; resume it first' : ''
  return `It is ${status} and cannot be ${done}${first}`
}

/** Lifetimes to choose from, in seconds; the longest is the server's. */
export const lifetimes = [
  { value: '300', words: '5 minutes' },
  { value: '900', words: '15 minutes' },
  { value: '3600', words: '1 hour' },
  { value: '14400', words: '4 hours' },
  { value: '28800', words: '8 hours' },
  { value: '86400', words: '1 day' },
  { value: '259200', words: '3 days' },
  { value: '604800', words: '7 days' },
] as const

/** 512 → "512 MB", 2048 → "2 GB"; as the API has it, 1 GB is 1024 MB here. */
export const memoryWords = (mb: number) => (mb % 1024 === 0 ? `${mb / 1024} GB` : `${mb} MB`)

export const sizeWords = ({ vcpu_count, memory_mb }: Pick<Vm, 'vcpu_count' | 'memory_mb'>) =>
  `${vcpu_count} vCPU · ${memoryWords(memory_mb)}`

type Pairs =
  | { readonly pairs: Readonly<Record<string, string>>; readonly problem: null }
  | { readonly pairs: null; readonly problem: string }

const variable = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/
const anyPair = /^([^=]+)=(.*)$/

/** `NAME=value` lines; empty ones and those that begin with # are passed over. */
function readPairs(text: string, form: RegExp): Pairs {
  const pairs: Record<string, string> = {}
  for (const [index, line] of text.split('\n').entries()) {
    const bare = line.trim()
    if (bare === '' || bare.startsWith('#')) continue
    const [, name, value] = form.exec(bare) ?? []
    if (name === undefined || value === undefined)
      return { pairs: null, problem: `Line ${index + 1} must read NAME=value.` }
    pairs[name.trim()] = value.trim()
  }
  return { pairs, problem: null }
}

export const readEnvironment = (text: string) => readPairs(text, variable)
export const readMetadata = (text: string) => readPairs(text, anyPair)

/** One thing to a line, or several with spaces or commas between them. */
export const linesOf = (text: string) => text.split(/[\s,]+/).filter((each) => each !== '')
