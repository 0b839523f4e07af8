/** `garrison down`: stops the server and its database. Machines go on, unless told otherwise. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Claim, readClaim, startTime } from '@garrison/server/data-folder'
import { openAdmin, stopDatabase } from '../admin.ts'
import { Failure } from '../failure.ts'
import { dataFolder } from '../process/paths.ts'
import { plural } from '../units.ts'
import type { Context, ExitCode } from './context.ts'

const stopLimitMs = 60_000
const pollMs = 50

export type DownOptions = { readonly machines?: boolean; readonly config?: string }

export async function down(context: Context, options: DownOptions): Promise<ExitCode> {
  const { terminal, json } = context
  const dataDir = dataFolder(context.data)
  const claim = readClaim(dataDir)
  if (claim === null) {
    if (options.machines) {
      throw new Failure(`No server runs on ${dataDir} that could shut machines down`, {
        advice: ['Start it first: ./garrison up --detach'],
      })
    }
    const database = await stopDatabase(dataDir)
    if (json) {
      terminal.printJson({ stopped: database, was_running: false, database, data: dataDir })
    } else if (database) {
      terminal.print(`No server runs on ${dataDir}; the database that one left there has stopped.`)
    } else terminal.print(`No server runs on ${dataDir}.`)
    return 0
  }
  const machines = options.machines ? await shutMachinesDown(context, options) : null
  await stopServer(context, dataDir, claim)
  // A server that did not get to it itself, because it was killed, leaves it running.
  await stopDatabase(dataDir)
  if (json) terminal.printJson({ stopped: true, was_running: true, data: dataDir, machines })
  else {
    const rest = machines === null ? 'Machines keep running; "./garrison up" takes them over.' : ''
    terminal.print(`The server has stopped. ${rest}`.trim())
  }
  return 0
}

/** @throws Failure, with the server still running, when a machine did not stop. */
async function shutMachinesDown({ terminal, data }: Context, { config }: DownOptions) {
  const admin = await openAdmin({ data, config })
  using _ = terminal.progress('Shutting machines down')
  const machines = await admin.stopMachines(({ id, name, note, error }) => {
    if (error === null) terminal.note(`${name} (${id}) has stopped${note ? `: ${note}` : ''}`)
    else terminal.problem(`${name} (${id}) did not stop: ${error}`)
  })
  const failed = machines.filter(({ error }) => error !== null)
  if (failed.length > 0) {
    throw new Failure(`${plural(failed.length, 'machine')} did not stop; the server still runs`, {
      advice: ['Try again, or stop the server alone: ./garrison down'],
    })
  }
  return machines
}

async function stopServer({ terminal }: Context, dataDir: string, claim: Claim) {
  try {
    process.kill(claim.pid, 'SIGTERM')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code === 'ESRCH') return
    throw new Failure(`Process ${claim.pid} belongs to somebody else`, {
      advice: [`Run: sudo ./garrison down --data ${dataDir}`],
    })
  }
  using _ = terminal.progress('Stopping the server and its database')
  const deadline = performance.now() + stopLimitMs
  while (startTime(claim.pid) === claim.started) {
    if (performance.now() > deadline) {
      throw new Failure(`The server (process ${claim.pid}) is still stopping after a minute`, {
        advice: [`Look into its log in ${dataDir}/logs, or end it at once: kill -9 ${claim.pid}`],
      })
    }
    await pause(pollMs)
  }
}
