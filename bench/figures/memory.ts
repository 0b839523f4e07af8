/** Memory of the server and its database, see memory.ts for how it is counted. */
import { join } from 'node:path'
import { startBareHttp } from '../floors/bare-http.ts'
import { processesIn, residentMb } from '../memory.ts'
import type { Server } from '../server.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

/** @param when Completes "memory of the server". */
export async function measureMemory(server: Server, when: string): Promise<Measured[]> {
  await using bare = await startBareHttp()
  const database = await processesIn(join(server.dataDir, 'postgres'))
  return [
    {
      figure: `memory of the server, ${when}`,
      unit: 'MB',
      value: summarize([await residentMb([server.pid])]),
      floor: { ...summarize([await residentMb([bare.pid])]), what: 'node:http alone, idle' },
    },
    {
      figure: `memory of the database, ${when}`,
      unit: 'MB',
      value: summarize([await residentMb(database)]),
      floor: null,
    },
  ]
}
