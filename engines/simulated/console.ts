/**
 * The serial line of a machine that does not exist. It says so in its first line, echoes what is typed and
 * answers every line in the same words, so that a console can be tried out where nothing runs.
 */
import type { Duplex } from 'node:stream'
import { ConsoleHub } from '../console/hub.ts'

const ENTER = /\r\n|\r|\n/

/** What it has printed since its start by the time that somebody looks. */
export function simulatedBoot(hostname: string, guestUp: boolean): string {
  const booting = [
    'Simulated console: nothing real runs here.',
    `[    0.000000] Booting ${hostname} (simulated)`,
  ]
  return `${booting.join('\r\n')}\r\n${guestUp ? guestIsUp(hostname) : ''}`
}

/** Lines by machine, each begun when somebody first looks at it. */
export class SimulatedConsoles {
  readonly #hubs = new Map<string, ConsoleHub>()

  view(machine: string, hostname: string, guestUp: boolean): Duplex {
    let hub = this.#hubs.get(machine)
    if (hub === undefined) {
      hub = new ConsoleHub((chunk, done) => {
        this.#hubs.get(machine)?.say(Buffer.from(answerTo(chunk.toString(), hostname)))
        done()
      })
      hub.say(Buffer.from(simulatedBoot(hostname, guestUp)))
      this.#hubs.set(machine, hub)
    }
    return hub.view()
  }

  /** Its guest has come up while somebody may be looking. */
  guestUp(machine: string, hostname: string): void {
    this.#hubs.get(machine)?.say(Buffer.from(guestIsUp(hostname)))
  }

  /** The machine has stopped. */
  end(machine: string): void {
    this.#hubs.get(machine)?.end()
    this.#hubs.delete(machine)
  }

  endAll(): void {
    for (const machine of this.#hubs.keys()) this.end(machine)
  }
}

function answerTo(typed: string, hostname: string): string {
  return typed
    .split(ENTER)
    .join(`\r\nThis machine is simulated; it runs no commands.\r\n${promptOf(hostname)}`)
}

function guestIsUp(hostname: string): string {
  return `[    1.000000] ${hostname} is up (simulated)\r\n${promptOf(hostname)}`
}

function promptOf(hostname: string): string {
  return `${hostname}:~# `
}
