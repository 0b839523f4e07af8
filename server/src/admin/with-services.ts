/** The services on the database of a data folder, whether or not a server runs on it. */
import { join } from 'node:path'
import { createRegions } from '../catalog/regions.ts'
import { systemClock } from '../clock.ts'
import { type Config, loadConfig } from '../config.ts'
import { requireWhole } from '../data-folder.ts'
import { type Database, openDatabase } from '../database/database.ts'
import { startEmbeddedPostgres } from '../database/embedded-postgres.ts'
import { migrate } from '../database/migrate.ts'
import { createServices, type Services } from '../services.ts'

export type AdminOptions = { dataDir: string; configFile?: string | undefined }

export async function withServices<T>(
  { dataDir, configFile }: AdminOptions,
  use: (context: { db: Database; config: Config; services: Services }) => Promise<T>,
): Promise<T> {
  requireWhole(dataDir)
  const loaded = loadConfig({ dataDir, file: configFile })
  // Nobody signs in here, so identity providers need not be asked where they are.
  const config = { ...loaded, auth: { ...loaded.auth, providers: [] } }
  await using stack = new AsyncDisposableStack()
  let connection: Parameters<typeof openDatabase>[0] = {
    connectionString: config.database.url ?? '',
  }
  if (config.database.url === null) {
    const postgres = await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), log: () => {} })
    // A server's database goes on when we are done; one that only we wanted does not.
    stack.defer(() => (postgres.adopted ? postgres.leave() : postgres.stop()))
    connection = postgres.connection
  }
  await migrate(connection, () => {})
  const { db } = openDatabase({ ...connection, max: 4 })
  stack.defer(() => db.destroy())
  const clock = systemClock
  const regions = createRegions({ engines: new Map(), clock })
  return await use({ db, config, services: createServices({ db, clock, config, regions }) })
}

/** The first account, which `up` made, when none is named. */
export async function chosenAccount(
  db: Database,
  services: Services,
  publicId: string | undefined,
) {
  if (publicId !== undefined) return services.accounts.require(db, publicId)
  const [first] = await services.accounts.list(db)
  if (first === undefined) {
    throw new Error('There is no account yet; "garrison up" or "garrison account create" makes one')
  }
  return first
}
