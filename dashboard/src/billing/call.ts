import type { ApiCallOf } from '../ui/api-call.tsx'
import type { BillingKind, BillingSearch } from './routes.ts'

/** What the list shows, filters and all, as a call of the API; by command as far as that can narrow it. */
export function recordsCall(
  kind: BillingKind,
  { from, to, type, of }: Pick<BillingSearch, 'from' | 'to' | 'type' | 'of'>,
): ApiCallOf {
  const given = [
    ['start_date', from],
    ['end_date', to],
    ...(kind === 'microvms'
      ? [['resource_type', type] as const, ['resource_id', of] as const]
      : []),
  ] as const
  const query = given.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  const words = [`garrison billing ${kind}`, from && `--from ${from}`, to && `--to ${to}`]
  return {
    method: 'GET',
    path: `/api/${kind}/billing/${query.length > 0 ? `?${query.join('&')}` : ''}`,
    command: words.filter(Boolean).join(' '),
  }
}
