/** Instances and snapshots as rows only, for tests of what they cost: nothing runs. */
import type { Insertable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'
import { newUuid } from '../ids.ts'
import type { Instance } from '../instances/store.ts'

let made = 0

export function instanceRow(
  accountId: string,
  at: Date,
  set: Partial<Insertable<Schema['instances']>> = {},
): Insertable<Schema['instances']> {
  const number = ++made
  return {
    id: newUuid(),
    public_id: `BRK-${100_000 + number}D`,
    account_id: accountId,
    name: `vm-${number}`,
    status: 'CREATING',
    region: 'LOCAL-1',
    tier: 'legacy',
    host: 'host-1',
    flavor: 'cpu-small',
    gpu_model: 'H100-SXM5-80GB',
    gpu_count: 4,
    vcpus: 1,
    memory_mib: 1024,
    disk_gb: 10,
    boot_source: 'os_image',
    source_id: null,
    os_image: 'garrison-small',
    login_user: 'root',
    user_data: null,
    address: null,
    hourly_rate_micros: 9_960_000,
    currency: 'USD',
    error: null,
    made_at: null,
    ready_at: null,
    created_at: at,
    updated_at: at,
    deleted_at: null,
    ...set,
  }
}

export async function insertInstance(db: Database | Tx, row: Insertable<Schema['instances']>) {
  await db.insertInto('instances').values(row).execute()
  return row
}

export async function setStatus(db: Database, id: string, status: Instance['status'], at: Date) {
  await db.updateTable('instances').set({ status, updated_at: at }).where('id', '=', id).execute()
}
