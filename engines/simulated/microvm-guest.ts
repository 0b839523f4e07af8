/** A shell and a Python that know a dozen words, to play a guest. Nothing is ever run. */
import type { ExecuteResult, Language } from '../engine.ts'

export type PlayedGuest = {
  hostname: string
  readonly variables: Record<string, string>
  readonly files: Map<string, Buffer>
}

type Played = ExecuteResult & {
  /** The interpreter was told to end. */
  readonly ended: boolean
}

export function emptyGuest(): PlayedGuest {
  return { hostname: 'microvm', variables: {}, files: new Map() }
}

export function copyOf({ hostname, variables, files }: PlayedGuest): PlayedGuest {
  return { hostname, variables: { ...variables }, files: new Map(files) }
}

/** What a machine would print. What is not known here fails with 127 and words that say so. */
export function play(
  guest: PlayedGuest,
  language: Language,
  code: string,
  timeoutMs: number,
): Played {
  const told = { stdout: '', stderr: '' }
  let exitCode = 0
  let ms = 1
  let ended = false
  for (const line of linesOf(language, code)) {
    const step = language === 'bash' ? shell(guest, line) : python(guest, line)
    told.stdout += step.out ?? ''
    told.stderr += step.err ?? ''
    exitCode = step.code ?? 0
    ms += step.ms ?? 0
    ended = step.end ?? false
    if (ms > timeoutMs || ended || (language === 'python' && exitCode !== 0)) break
  }
  const timedOut = ms > timeoutMs
  return {
    ...told,
    ...{ exitCode: timedOut ? 124 : exitCode, truncated: false, timedOut, ended },
    ...{ seconds: Math.min(ms, timeoutMs) / 1000, cpuSeconds: 0.001 },
  }
}

type Step = { out?: string; err?: string; code?: number; ms?: number; end?: boolean }

const linesOf = (language: Language, code: string) =>
  code
    .split(language === 'bash' ? /\n|;|&&/ : /\n|;/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

function shell(guest: PlayedGuest, line: string): Step {
  const [, name, value] = /^(?:export )?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
  if (name !== undefined && value !== undefined) {
    guest.variables[name] = unquoted(expanded(guest, value))
    return {}
  }
  const [, words = line, target] = /^(.*?)\s*>\s*(\S+)$/.exec(line) ?? []
  const step = command(guest, expanded(guest, words))
  if (target === undefined || step.code !== undefined) return step
  guest.files.set(target, Buffer.from(step.out ?? ''))
  return {}
}

function command(guest: PlayedGuest, line: string): Step {
  const [program = '', ...args] = line.split(/\s+/)
  const rest = unquoted(args.join(' '))
  switch (program) {
    case 'echo':
      return { out: `${rest}\n` }
    case 'hostname':
      return { out: `${guest.hostname}\n` }
    case 'true':
    case 'cd':
      return {}
    case 'false':
      return { code: 1 }
    case 'exit':
      return { code: Number(rest) & 255, end: true }
    case 'sleep':
      return { ms: Number(rest) * 1000 }
    case 'cat': {
      const content = guest.files.get(rest)
      if (content !== undefined) return { out: content.toString() }
      return { err: `cat: ${rest}: No such file or directory\n`, code: 1 }
    }
    default:
      return { err: `simulated: ${program} is not played here\n`, code: 127 }
  }
}

function python(guest: PlayedGuest, line: string): Step {
  if (/^(import|from) /.test(line)) return {}
  const [, name, value] = /^([A-Za-z_]\w*)\s*=\s*([^=].*)$/.exec(line) ?? []
  if (name !== undefined && value !== undefined) {
    guest.variables[name] = evaluated(guest, value)
    return {}
  }
  const [, printed] = /^print\((.*)\)$/.exec(line) ?? []
  if (printed !== undefined) return { out: `${evaluated(guest, printed)}\n` }
  const [, code] = /^(?:sys\.)?exit\((\d*)\)$/.exec(line) ?? []
  if (code !== undefined) return { code: Number(code) & 255, end: true }
  const [, seconds] = /^time\.sleep\(([\d.]+)\)$/.exec(line) ?? []
  if (seconds !== undefined) return { ms: Number(seconds) * 1000 }
  return { err: `simulated: this is not played here: ${line}\n`, code: 127 }
}

function evaluated(guest: PlayedGuest, expression: string): string {
  const sum = expression.split('+').map((term) => term.trim())
  const values = sum.map((term) =>
    /^[A-Za-z_]\w*$/.test(term) ? (guest.variables[term] ?? '') : unquoted(term),
  )
  if (values.length > 1 && values.every((value) => /^-?\d+$/.test(value)))
    return String(values.reduce((total, value) => total + Number(value), 0))
  return values.join('')
}

function expanded(guest: PlayedGuest, text: string): string {
  return text.replaceAll(
    /\$\{?([A-Za-z_]\w*)\}?/g,
    (_, name: string) => guest.variables[name] ?? '',
  )
}

const unquoted = (text: string) => text.replace(/^(['"])(.*)\1$/s, '$2')
