/** What an event is about, and what is read from where that has changed by it. */
import type { EventKind } from '@garrison/contract/events/kinds'

/** `instance` of `instance.active`. */
type Subject = EventKind extends `${infer S}.${string}` ? S : never

// A deployment takes room, a failed one gives it back.
const stock = ['/api/gpu-stocks/', '/api/flavors/']

const concerned: Readonly<Record<Subject, readonly string[]>> = {
  instance: [
    '/api/instances/',
    '/api/firewalls/',
    '/api/volumes/',
    '/api/snapshots/eligible-instances/',
    '/api/snapshot-policies/',
    '/api/balance/',
    '/api/operator/',
    ...stock,
  ],
  'startup-log': ['/api/instances/'],
  snapshot: [
    '/api/snapshots/',
    '/api/custom-images/',
    '/api/instances/',
    '/api/snapshot-policies/',
  ],
  'snapshot-export': ['/api/snapshots/'],
  'snapshot-import': ['/api/snapshots/'],
  'snapshot-policy': ['/api/snapshot-policies/', '/api/snapshots/'],
  image: ['/api/custom-images/', '/api/snapshots/'],
  microvm: [
    '/v1/vms',
    '/v1/sessions/',
    '/v1/egress/',
    '/v1/shares',
    '/api/microvms/',
    '/api/balance/',
    '/api/operator/',
    ...stock,
  ],
  'microvm-snapshot': ['/v1/snapshots', '/api/microvms/'],
  'microvm-volume': ['/v1/volumes'],
  share: ['/v1/shares'],
  volume: ['/api/volumes/', '/api/instances/'],
  firewall: ['/api/firewalls/', '/api/instances/'],
  'firewall-attachment': ['/api/firewalls/', '/api/instances/'],
  'security-rule': ['/api/firewalls/', '/api/instances/'],
  operation: ['/api/operations/', '/api/operator/'],
  'deploy-request': ['/api/deploy-requests/', '/api/instances/'],
  person: ['/api/account/'],
  account: ['/api/account/', '/api/balance/', '/api/credits/', '/api/operator/'],
  'api-key': ['/api/account/'],
  'ssh-key': ['/api/ssh-keys/'],
  script: ['/api/scripts/'],
  webhook: ['/api/webhooks/'],
  credits: ['/api/balance/', '/api/credits/', '/api/account/', '/api/operator/'],
  budget: ['/api/account/', '/api/balance/'],
  order: ['/api/credits/', '/api/balance/'],
  host: ['/api/operator/', '/api/regions/', ...stock],
  price: [
    '/api/pricing/',
    '/api/instances/',
    '/api/volumes/',
    '/api/microvms/',
    '/api/operator/',
    ...stock,
  ],
  stock: ['/api/regions/', '/api/operator/', ...stock],
}

/** Whatever happens may be in the audit log, and be sent to a webhook. */
const always = ['/api/audit/', '/api/webhooks/{webhook_id}/deliveries/']

/** The paths to be read again after an event of this kind; null: it may be about anything. */
export function concernedBy(kind: string): readonly string[] | null {
  const paths = (concerned as Readonly<Record<string, readonly string[]>>)[kind.split('.')[0] ?? '']
  return paths === undefined ? null : [...paths, ...always]
}
