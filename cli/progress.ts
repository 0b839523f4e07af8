/** Lines that say what is being waited for: turning on a terminal, plain and only when they change elsewhere. */
import { humanDuration } from './units.ts'

type Output = NodeJS.WritableStream & { columns?: number }

export type Progress = Disposable & {
  /** `count`: what changes all the time, such as bytes; only a terminal shows it. */
  update(text: string, count?: string): void
  /** Makes room for another line; the spinner comes back below it. */
  clear(): void
  stop(): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 100
/** What is over sooner never shows. */
const patienceMs = 300

export function spinner(output: Output, firstText: string): Progress {
  const startedAt = performance.now()
  let text = firstText
  let frame = 0
  const clear = () => void output.write('\r\x1b[K')
  const timer = setInterval(() => {
    const elapsed = performance.now() - startedAt
    if (elapsed < patienceMs) return
    const time = elapsed < 1000 ? '' : ` ${humanDuration(elapsed)}`
    const line = `${frames[frame++ % frames.length]} ${text}`
    const room = (output.columns || 80) - time.length - 1
    output.write(`\r\x1b[K${line.length > room ? `${line.slice(0, room - 1)}…` : line}${time}`)
  }, frameMs)
  const stop = () => {
    clearInterval(timer)
    clear()
  }
  return {
    update(next, count) {
      text = count === undefined ? next : `${next} · ${count}`
    },
    clear,
    stop,
    [Symbol.dispose]: stop,
  }
}

export function plainProgress(output: Output, firstText: string): Progress {
  let text = firstText
  output.write(`${text}\n`)
  return {
    update(next) {
      if (next === text) return
      text = next
      output.write(`${text}\n`)
    },
    clear() {},
    stop() {},
    [Symbol.dispose]() {},
  }
}
