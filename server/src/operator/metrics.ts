/** What an operator's alarms may look at. */
import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { unlessAway } from '../http/metrics.ts'
import type { OperatorAccountService } from './accounts.ts'
import type { HostService } from './hosts.ts'
import type { OperatorOperationService } from './operations.ts'

const dayMs = 24 * 60 * 60_000

export function measureOperator(
  registry: Registry,
  deps: {
    db: Database
    clock: Clock
    hosts: HostService
    operatorOperations: OperatorOperationService
    operatorAccounts: OperatorAccountService
  },
) {
  const { db, clock, hosts, operatorOperations, operatorAccounts } = deps
  const gauge = (name: string, help: string, look: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const [found = 0] = await unlessAway(look().then((each) => [each]))
        this.set(found)
      },
    })
  gauge('garrison_hosts_drained', 'Hosts that take nothing new', () => hosts.countDrained(db))
  gauge('garrison_accounts_depleted', 'Accounts whose credits are used up', () =>
    operatorAccounts.countDepleted(db),
  )
  gauge('garrison_operations_failed_day', 'Operations that failed in the last 24 hours', () =>
    operatorOperations.failedSince(db, new Date(clock.now().getTime() - dayMs)),
  )
}
