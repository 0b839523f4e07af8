/** What accounts hear of the decisions of whoever runs the installation. */
import { z } from 'zod'
import { currencies } from '../common.ts'
import { priceKinds } from './prices.ts'

const price = z.strictObject({
  kind: z.enum(priceKinds),
  item: z.string(),
  price: z.number(),
  currency: z.enum(currencies),
  unit: z.string(),
  effective_from: z.string(),
  /** How many of the account's things it concerns. */
  resources: z.int(),
})

const limit = z.int().nullable()

export const operatorEvents = {
  'account.suspended': {
    description: 'The account was suspended: its keys and sessions are refused.',
    data: z.strictObject({ reason: z.string() }),
  },
  'account.resumed': { description: 'The account goes on.', data: z.strictObject({}) },
  'account.limits-changed': {
    description: 'The account may have more or less than before; null: as much as it likes.',
    data: z.strictObject({
      max_instances: limit,
      max_vcpus: limit,
      max_memory_gb: limit,
      max_volume_gb: limit,
      max_snapshots: limit,
      max_gpus: limit,
    }),
  },
  'operation.cancel-requested': {
    description: 'An operator cancelled a change; it is on its way to being undone.',
    data: z.strictObject({ subject: z.string(), reason: z.string() }),
  },
  'credits.granted': {
    description: 'The account was given credits.',
    data: z.strictObject({ amount: z.number(), currency: z.enum(currencies) }),
  },
  'host.drained': {
    description: 'A host takes nothing new; operators hear of it.',
    data: z.strictObject({ reason: z.string().optional() }),
  },
  'host.undrained': {
    description: 'A host takes machines again; operators hear of it.',
    data: z.strictObject({}),
  },
  'price.announced': {
    description: 'Something that you have will cost something else.',
    data: price,
  },
  'price.changed': { description: 'Something that you have costs something else.', data: price },
  'price.withdrawn': { description: 'A change of a price will not come.', data: price },
}
