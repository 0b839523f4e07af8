import type { ApiKey } from '@garrison/contract/accounts/api-keys'
import type { Caller } from '../caller.ts'
import { toDecimal } from '../money.ts'
import type { ListedKey } from './store.ts'

export const keyAnswer = (key: ListedKey, caller: Caller, now: Date): ApiKey => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  role: key.role,
  access: key.access,
  created_by:
    key.person_id === null
      ? null
      : { id: key.person_id, name: key.person_name ?? '', email: key.person_email },
  created_at: key.created_at.toISOString(),
  last_used_at: key.last_used_at?.toISOString() ?? null,
  expires_at: key.expires_at?.toISOString() ?? null,
  is_active: key.expires_at === null || key.expires_at > now,
  monthly_cap: key.monthly_budget_micros === null ? null : toDecimal(key.monthly_budget_micros),
  current: key.id === caller.keyId,
})
