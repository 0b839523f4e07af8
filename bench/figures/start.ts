/** From starting the process to its first answer, database and networks included. */
import { startBareHttp } from '../floors/bare-http.ts'
import type { Server } from '../server.ts'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const coldStarts = 3
const warmStartsEach = 2

/**
 * Cold: on an empty data folder. Warm: again on the same one, after an orderly stop.
 * @param prepare Makes a server that does not run yet, on a data folder of its own.
 */
export async function measureStart(prepare: () => Promise<Server>): Promise<Measured[]> {
  const cold: number[] = []
  const warm: number[] = []
  const floors: number[] = []
  for (let round = 0; round < coldStarts; round++) {
    const server = await prepare()
    cold.push(await server.start())
    await server.stop()
    for (let again = 0; again < warmStartsEach; again++) {
      floors.push(await bareStart())
      warm.push(await server.start())
      await server.stop()
    }
    await server.remove()
  }
  const floor = { ...summarize(floors), what: 'node:http alone' }
  return [
    { figure: 'server start, cold', unit: 'ms', value: summarize(cold), floor },
    { figure: 'server start, warm', unit: 'ms', value: summarize(warm), floor },
  ]
}

async function bareStart(): Promise<number> {
  await using server = await startBareHttp()
  return server.startedInMs
}
