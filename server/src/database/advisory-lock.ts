/**
 * A lock that PostgreSQL keeps for as long as a connection lasts: it ends with the process that holds it,
 * however that ends. It also ends with the database, so its holder must heed `lost`.
 *
 * It needs a connection to PostgreSQL itself, or a pooler in session mode.
 */
import pg from 'pg'

export type AdvisoryLock = {
  /** Aborted when the lock is no longer ours and we did not release it: somebody else may have it. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** Null when somebody else holds it. `key`: any text that names what is locked. */
export async function holdAdvisoryLock(
  connection: pg.ClientConfig,
  key: string,
): Promise<AdvisoryLock | null> {
  const client = new pg.Client({
    application_name: 'garrison-lock',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...connection,
  })
  const lost = new AbortController()
  let released = false
  client.on('error', () => {})
  client.once('end', () => {
    if (!released) lost.abort(new Error(`Lost the lock "${key}" with its database connection`))
  })
  const release = async () => {
    released = true
    await client.end().catch(() => {})
  }
  try {
    await client.connect()
    const { rows } = await client.query(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [key],
    )
    if (rows[0]?.locked === true) return { lost: lost.signal, release }
  } catch (error) {
    await release()
    throw error
  }
  await release()
  return null
}
