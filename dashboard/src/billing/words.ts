import type { BillingKind, BillingSearch } from './routes.ts'

const names: Readonly<Record<BillingKind, string>> = {
  instances: 'instances',
  snapshots: 'snapshots',
  volumes: 'volumes',
  microvms: 'microVMs or snapshots of them',
}

/** Why there is no record to show. */
export function nothingWords(
  kind: BillingKind,
  { from, to, type, of }: Pick<BillingSearch, 'from' | 'to' | 'type' | 'of'>,
): string {
  if (kind === 'microvms' && of !== undefined)
    return from || to ? 'Nothing of it was billed in that time.' : 'Nothing of it has been billed.'
  if (from || to) return 'Nothing was billed in that time.'
  if (kind !== 'microvms' || type === undefined) return `No ${names[kind]} have been billed yet.`
  return `No ${type === 'microvm' ? 'microVMs' : 'snapshots of microVMs'} have been billed yet.`
}
