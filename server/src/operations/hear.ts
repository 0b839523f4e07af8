/** What the database says about operations, passed on to those who carry them out and wait for them. */
import type pg from 'pg'
import { type Listener, openListener } from '../database/listen.ts'
import type { Log } from '../log.ts'
import type { OperationRunner } from './runner.ts'
import type { OperationService } from './service.ts'

export async function hearOfOperations(
  connection: pg.PoolConfig,
  log: Log,
  to: { operations: OperationService; runners: () => readonly OperationRunner[] },
): Promise<Listener> {
  const { operations, runners } = to
  operations.handTo(runners)
  const poke = () => {
    for (const runner of runners()) runner.poke()
  }
  const listener = await openListener(connection, log)
  await listener.subscribe('operation_begun', poke)
  await listener.subscribe('operation_cancel', (id) => {
    for (const runner of runners()) runner.cancel(id)
  })
  await listener.subscribe('operation_finished', (id) => operations.finished(id))
  listener.onReconnect(() => {
    poke()
    operations.recheck()
  })
  return listener
}
