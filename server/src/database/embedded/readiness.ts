import pg from 'pg'

export type Answer = 'ready' | 'not yet' | 'no database'

const noSuchDatabase = '3D000'
/** Seen by who is later, and by who is later by a hair. */
const alreadyThere = ['42P04', '23505']
/** Starting, recovering, or shutting down. */
const cannotConnectNow = '57P03'
const nobodyThere = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']

/** Whether a server takes connections. Throws what waiting would not cure. */
export async function knock(connection: pg.ClientConfig): Promise<Answer> {
  try {
    await withClient(connection, async () => {})
    return 'ready'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === noSuchDatabase) return 'no database'
    if (code === cannotConnectNow || nobodyThere.includes(code)) return 'not yet'
    // It refuses, as when all connections are taken: it is there.
    if (error instanceof pg.DatabaseError) return 'ready'
    if (error instanceof Error && error.message.startsWith('Connection terminated'))
      return 'not yet'
    throw error
  }
}

/** The database that `connection` names, for which a new server has no place yet. */
export async function createDatabase(connection: pg.ClientConfig): Promise<void> {
  const name = pg.escapeIdentifier(connection.database ?? '')
  await withClient({ ...connection, database: 'postgres' }, async (client) => {
    try {
      await client.query(`create database ${name}`)
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined
      if (code === undefined || !alreadyThere.includes(code)) throw error
    }
  })
}

/** One connection for `use`, closed afterwards. */
export async function withClient<T>(
  connection: pg.ClientConfig,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connection)
  // A connection that breaks fails what uses it; without a listener it would end the process as well.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
