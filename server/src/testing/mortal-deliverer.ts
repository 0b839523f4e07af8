/**
 * What sends webhooks, as a process of its own, so that a test can kill it for real.
 *
 *     node mortal-deliverer.ts '{…}'    the connection to the database
 */
import { systemClock } from '../clock.ts'
import { openDatabase } from '../database/database.ts'
import { openListener } from '../database/listen.ts'
import { createTargets } from '../webhooks/targets.ts'
import { startDelivering } from '../webhooks/worker.ts'

const connection = JSON.parse(process.argv[2] ?? '')
const { db } = openDatabase(connection)
const log = () => {}
const listener = await openListener(connection, log)
const targets = createTargets({ allow_http: false, allow_networks: ['127.0.0.0/8'] })
await startDelivering({ db, clock: systemClock, targets, listener, log })
