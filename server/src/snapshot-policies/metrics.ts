/** How well snapshot policies do, over all accounts: numbers without names, for the operator's alarms. */
import { Gauge, type Registry } from 'prom-client'
import type { Database } from '../database/database.ts'
import { unlessAway } from '../http/metrics.ts'
import type { SnapshotPolicyService } from './service.ts'

export function measurePolicies(
  registry: Registry,
  { db, snapshotPolicies }: { db: Database; snapshotPolicies: SnapshotPolicyService },
) {
  const look = async () => {
    const [found] = await unlessAway(snapshotPolicies.freshness(db).then((each) => [each]))
    return found ?? { maxAgeSeconds: 0, overdue: 0 }
  }
  new Gauge({
    name: 'garrison_snapshot_policy_age_seconds',
    help: 'Time since the last good snapshot of the running instance that has waited for the longest; 0 when no policy covers any',
    registers: [registry],
    async collect() {
      this.set((await look()).maxAgeSeconds)
    },
  })
  new Gauge({
    name: 'garrison_snapshot_policies_overdue',
    help: 'Snapshot policies of which a running instance missed a snapshot by more than an hour',
    registers: [registry],
    async collect() {
      this.set((await look()).overdue)
    },
  })
}
