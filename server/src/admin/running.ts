/** What runs on the host because of a data folder: machines, and the database. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { countRunning } from '@garrison/engines/qemu/running'
import { NotConfigured } from '../catalog/regions.ts'
import { claimDataFolder, readClaim } from '../data-folder.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { findEmbeddedPostgres } from '../database/embedded-postgres.ts'
import { installationMark } from '../engines.ts'
import { DomainError, InvalidState } from '../errors.ts'
import { readInstallationId } from '../installation.ts'
import type { Services } from '../services.ts'
import { type AdminOptions, withServices } from './with-services.ts'

const lookEveryMs = 500

export type StoppedMachine = { id: string; name: string; note: string | null; error: string | null }

/**
 * Shuts down every machine that runs or is about to, by way of the server, and waits until all have
 * stopped. What is under way on a machine ends first. One that cannot be stopped holds up no other.
 */
export async function stopMachines(
  options: AdminOptions,
  report: (machine: StoppedMachine) => void = () => {},
): Promise<StoppedMachine[]> {
  const served = requireServer(options).regions
  return withServices(options, async ({ db, services }) => {
    const machines = await services.instances.running(db)
    const stopped = await Promise.all(
      machines.map(async (machine) => {
        const { public_id: id, name, region } = machine
        const outcome = await (served.includes(region)
          ? stopMachine(options, { db, services }, (tx) =>
              services.instances.stopForOperator(tx, machine),
            )
          : Promise.reject(new NotConfigured(region))
        ).catch((error: unknown) => ({ note: null, error: wordsOf(error) }))
        if (outcome === null) return null
        const ended = { id, name, note: outcome.note, error: outcome.error }
        report(ended)
        return ended
      }),
    )
    const small = await services.microvms.running(db)
    const suspended = await Promise.all(
      small
        .filter(({ region }) => served.includes(region))
        .map(async (machine) => {
          const { public_id: id } = machine
          const begin = (tx: Tx) => services.microvms.suspendForOperator(tx, machine)
          const outcome = await stopMachine(options, { db, services }, begin).catch(
            (error: unknown) => ({ note: null, error: wordsOf(error) }),
          )
          if (outcome === null) return null
          const ended = { id, name: id, note: outcome.note, error: outcome.error }
          report(ended)
          return ended
        }),
    )
    return [...stopped, ...suspended].filter((machine) => machine !== null)
  })
}

/** Null when it was off, or gone, before it could be stopped. */
async function stopMachine(
  options: AdminOptions,
  { db, services }: { db: Database; services: Services },
  begin: (tx: Tx) => Promise<string>,
) {
  for (;;) {
    requireServer(options)
    try {
      const operation = await transaction(db, begin)
      return await untilEnded(options, services, operation)
    } catch (error) {
      if (error instanceof InvalidState) return null
      if (!(error instanceof DomainError && error.code === 'OPERATION_IN_PROGRESS')) throw error
    }
    await pause(lookEveryMs)
  }
}

/**
 * Stops our own PostgreSQL, which goes on when its server is killed. Answers whether it ran. Throws
 * {@link AlreadyRunning} when a server needs it.
 */
export async function stopDatabase({ dataDir }: Pick<AdminOptions, 'dataDir'>): Promise<boolean> {
  const found = findEmbeddedPostgres(join(dataDir, 'postgres'))
  if (found === null) return false
  const claim = claimDataFolder(dataDir)
  try {
    await found.stop()
  } finally {
    claim.release()
  }
  return true
}

export type LeftRunning = { database: boolean; machines: number; microvms: number }

/** What of this data folder runs on the host, whether or not a server does. Asks no database. */
export async function leftRunning({
  dataDir,
}: Pick<AdminOptions, 'dataDir'>): Promise<LeftRunning> {
  const id = readInstallationId(dataDir)
  const running =
    id === null
      ? { machines: 0, microvms: 0 }
      : await countRunning({ dataDir, mark: installationMark(id) })
  return { database: findEmbeddedPostgres(join(dataDir, 'postgres')) !== null, ...running }
}

function requireServer({ dataDir }: AdminOptions) {
  const claim = readClaim(dataDir)
  if (claim !== null) return claim
  throw new Error('No server runs on this data folder; start it with "garrison up" first')
}

/** Nobody tells this process when an operation ends, so it looks. */
async function untilEnded(options: AdminOptions, services: Services, operation: string) {
  for (;;) {
    const ended = await services.operations.wait(operation, lookEveryMs)
    if (ended !== null) return ended
    requireServer(options)
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
