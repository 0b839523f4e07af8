/**
 * Every kind of event, with a sentence and the shape of its data. A kind is `subject.what`, both in small
 * letters with hyphens: a state that something is in from now on (`instance.active`), or what has happened
 * to it (`snapshot.pinned`). The events of states are written by the database itself, in the transaction
 * that changes the state, so none is ever forgotten.
 */
import { z } from 'zod'
import { deployRequestStates } from '../deploy-requests/states.ts'
import { attachmentStatuses, firewallStatuses, ruleStatuses } from '../firewalls/states.ts'
import { imageStatuses } from '../images/states.ts'
import { startupStatuses } from '../instances/startup-log.ts'
import { instanceStatuses } from '../instances/states.ts'
import { microvmEvents } from '../microvms/events.ts'
import { operationStates } from '../operations/states.ts'
import { operatorEvents } from '../operator/events.ts'
import { exportStatuses } from '../snapshot-exports/states.ts'
import { importStatuses } from '../snapshot-imports/states.ts'
import { snapshotStatuses } from '../snapshots/states.ts'
import { volumeStatuses } from '../volumes/states.ts'
import { type EventShape, event, name, reason, region, stateData, states } from './shapes.ts'

const instances = {
  ...states(
    'instance',
    instanceStatuses,
    {
      creating: 'A deployment was accepted.',
      build: 'The machine is being made.',
      active: 'The machine runs.',
      starting: 'The machine is being started.',
      stopping: 'The machine is being stopped.',
      shutoff: 'The machine is stopped.',
      rebooting: 'The machine is being rebooted.',
      hibernating: 'The machine is being hibernated.',
      hibernated: 'The machine is hibernated.',
      restoring: 'The machine is coming back from hibernation, or its disk from a snapshot.',
      deleting: 'The machine is being deleted.',
      deleted: 'The machine and its disk are gone.',
      error: 'Something went wrong with the machine; `reason` says what.',
    },
    { name, region, reason, memory: z.boolean().optional() },
  ),
  'instance.rolled-back': event('Its disk went back to a snapshot.', { snapshot: z.string() }),
  'instance.rules-applied': event('Its firewall rules are in force.', {}),
  'instance.rules-failed': event('Its firewall rules could not be changed.', { reason }),
  'instance.public-ip-attached': event('It has a public address.', { ip_address: z.string() }),
  'instance.public-ip-detached': event('It has no public address any more.', {}),
  'instance.public-ip-failed': event('Its public address could not be changed.', { reason }),
  'instance.volumes-attached': event('It has these volumes now.', {
    volumes: z.array(z.string()),
  }),
  'instance.volumes-detached': event('It does not have these volumes any more.', {
    volumes: z.array(z.string()),
  }),
  'instance.volumes-failed': event('Volumes could not be attached or detached.', { reason }),
  'instance.restore-failed': event('It could not come back and stays hibernated.', { reason }),
  'instance.hibernation-failed': event('It could not be hibernated and goes on.', { reason }),
  'instance.capacity-given-up': event(
    'It stays hibernated and keeps no capacity any more, since nothing pays for that.',
    { reason: z.enum(['credits', 'budget']) },
  ),
  'instance.console-opened': event('Somebody looks at its console.', {}),
  'instance.display-opened': event('Somebody looks at its display.', {}),
  ...states(
    'startup-log',
    startupStatuses,
    {
      none: 'There is nothing to do on first boot.',
      pending: 'The first boot has not begun with its script.',
      running: 'The script of the first boot runs.',
      succeeded: 'The script of the first boot ended well.',
      failed: 'The script of the first boot failed.',
    },
    { exit_code: z.int().optional() },
  ),
}

const snapshots = {
  ...states(
    'snapshot',
    [...snapshotStatuses, 'deleted'],
    {
      creating: 'The snapshot is being taken, or its file is coming.',
      success: 'The snapshot is there.',
      error: 'The snapshot failed, or could not be deleted; `reason` says why.',
      deleting: 'The snapshot is being deleted.',
      deleted: 'The snapshot is gone.',
    },
    { name, region, reason, instance: z.string().optional() },
  ),
  'snapshot.pinned': event('It cannot be deleted until it is unpinned.', {}),
  'snapshot.unpinned': event('It can be deleted again.', {}),
  ...states(
    'snapshot-export',
    [...exportStatuses, 'deleted'],
    {
      creating: 'The file of a snapshot is being made.',
      success: 'The file of a snapshot can be downloaded.',
      error: 'The file of a snapshot could not be made, or not be removed.',
      deleting: 'The file of a snapshot is being removed.',
      deleted: 'The file of a snapshot is gone.',
    },
    { reason },
  ),
  ...states(
    'snapshot-import',
    [...importStatuses, 'deleted'],
    {
      uploading: 'The file of a snapshot is awaited.',
      verifying: 'The file of a snapshot is all there and is looked at.',
      success: 'A snapshot was made of a file.',
      error: 'The file is not what was announced, or did not come.',
      deleted: 'What was known of an import is gone.',
    },
    {},
  ),
  'snapshot-policy.created': event('A policy takes snapshots from now on.', { name }),
  'snapshot-policy.changed': event('A policy was changed.', { name }),
  'snapshot-policy.deleted': event('A policy takes no snapshots any more.', { name }),
  'snapshot-policy.failed': event('A policy could not begin a snapshot.', {
    instance: z.string(),
    reason: z.string(),
  }),
  'snapshot-policy.skipped': event('A policy left a snapshot out.', {
    instance: z.string(),
    reason: z.string(),
  }),
}

const storage = {
  ...states(
    'image',
    [...imageStatuses, 'deleted'],
    {
      creating: 'The image is being made.',
      available: 'Machines can be deployed from the image.',
      error: 'The image could not be made, or not be deleted; `reason` says why.',
      deleting: 'The image is being deleted.',
      deleted: 'The image is gone.',
    },
    { name, reason, snapshot: z.string().optional() },
  ),
  ...states(
    'volume',
    [...volumeStatuses, 'deleted'],
    {
      creating: 'The volume is being made.',
      available: 'The volume is there and no machine has it.',
      attaching: 'The volume is on its way to a machine.',
      'in-use': 'A machine has the volume.',
      detaching: 'The volume is on its way from its machine.',
      resizing: 'The volume is growing.',
      cloning: 'The volume is being made as a copy of another.',
      deleting: 'The volume is being deleted.',
      deleted: 'The volume is gone.',
      error: 'Something went wrong with the volume; `reason` says what.',
    },
    { name, region, reason, instance: z.string().optional() },
  ),
  'volume.resized': event('The volume has its new size.', { size_gb: z.int() }),
  'volume.resize-failed': event('The volume could not grow.', { reason }),
}

const protection = {
  ...states(
    'firewall',
    [...firewallStatuses, 'deleted'],
    {
      creating: 'The firewall is being made.',
      success: 'The firewall is there.',
      error: 'The firewall could not be deleted.',
      deleting: 'The firewall is being deleted.',
      deleted: 'The firewall is gone.',
    },
    { name, region },
  ),
  ...states(
    'firewall-attachment',
    [...attachmentStatuses, 'deleted'],
    {
      attaching: 'A firewall is being attached to a machine.',
      success: 'A firewall protects a machine.',
      error: 'A firewall could not be attached to a machine.',
      detaching: 'A firewall is being detached from a machine.',
      deleted: 'A firewall protects a machine no longer.',
    },
    { firewall: z.string(), instance: z.string() },
  ),
  ...states(
    'security-rule',
    [...ruleStatuses, 'deleted'],
    {
      creating: 'A rule is wanted.',
      success: 'A rule is in force.',
      error: 'A rule could not be brought to the machine.',
      deleted: 'A rule is taken away.',
    },
    { firewall: z.string().optional(), instance: z.string().optional() },
  ),
}

const work = {
  ...states(
    'operation',
    operationStates,
    {
      pending: 'A change was accepted and waits for its turn.',
      running: 'A change is under way.',
      undoing: 'A change failed or was cancelled, and is being undone.',
      done: 'A change is done.',
      failed: 'A change failed; `reason` says why.',
      cancelled: 'A change was cancelled.',
    },
    operationData(),
  ),
  'operation.progress': event('A change has come to its next step.', {
    ...stateData,
    ...operationData(),
  }),
  ...states(
    'deploy-request',
    deployRequestStates,
    {
      waiting: 'A deployment waits for room.',
      deploying: 'There is room, and the machine is being made.',
      deployed: 'The machine is there.',
      expired: 'There was no room in time.',
      cancelled: 'The deployment was cancelled.',
      failed: 'The deployment has become impossible; `reason` says why.',
    },
    { name, reason, instance: z.string().optional() },
  ),
}

function operationData() {
  return {
    operation: z.string(),
    subject: z.string(),
    step: z.string().optional(),
    note: z.string().optional(),
    reason,
  }
}

const named = { name: z.string() }
const person = { email: z.string().optional(), role: z.string() }

/** Of people, keys and what an account keeps. */
const account = {
  'person.invited': event('Somebody was invited to the account.', person),
  'person.joined': event('Somebody belongs to the account from now on.', person),
  'person.role-changed': event('Somebody may do more or less than before.', person),
  'person.removed': event('Somebody does not belong to the account any more.', person),
  'account.updated': event('The profile of the account was changed.', {
    currency: z.string(),
    country: z.string().nullable(),
  }),
  'api-key.created': event('An API key was made.', named),
  'api-key.revoked': event('An API key was revoked.', named),
  'ssh-key.created': event('An SSH key was added.', named),
  'ssh-key.deleted': event('An SSH key was removed.', named),
  'script.created': event('A startup script was added.', named),
  'script.updated': event('A startup script was changed.', named),
  'script.deleted': event('A startup script was removed.', named),
  'webhook.created': event('A webhook was added.', { url: z.string() }),
  'webhook.updated': event('A webhook was changed.', { url: z.string() }),
  'webhook.deleted': event('A webhook was removed.', { url: z.string() }),
  'webhook.secret-rotated': event('A webhook signs with a new secret.', { url: z.string() }),
  'webhook.disabled': event('A webhook failed for days and was switched off.', {
    url: z.string(),
    reason: z.string(),
  }),
  'webhook.test': event('Somebody tests a webhook; only that webhook hears of it.', {
    message: z.string(),
  }),
}

const funds = { currency: z.string(), balance: z.number(), burn_per_hour: z.number() }
const budget = { currency: z.string(), monthly_cap: z.number(), used: z.number(), percent: z.int() }

const money = {
  'credits.low': event('Credits last for less than 24, 6 or 1 hours, as `stage` says.', {
    ...funds,
    stage: z.string(),
  }),
  'credits.depleted': event('Credits are used up, and instances are being hibernated.', {
    ...funds,
    stage: z.string(),
  }),
  'credits.recovered': event('There are credits again; nothing restarts by itself.', funds),
  'credits.reclaim-reminder': event('What there is will be deleted unless credits are added.', {
    ...funds,
    day: z.int(),
  }),
  'budget.warning': event('A part of a monthly budget is used.', budget),
  'budget.reached': event(
    'All of a monthly budget is used, and instances are being hibernated.',
    budget,
  ),
  'budget.changed': event('A monthly budget was changed; null: there is no limit any more.', {
    currency: z.string(),
    monthly_cap: z.number().nullable(),
  }),
}

const problem = z.string()
const currency = z.string()

/** Of buying credits. Amounts are in the currency's unit. */
const orders = {
  'order.created': event('Credits were ordered.', {
    package: z.string().nullable(),
    total: z.number(),
    currency,
  }),
  'order.paid': event('An order was paid, and its credits are there.', {
    base: z.number(),
    total: z.number(),
    currency,
    receipt_number: z.string(),
  }),
  'order.payment-failed': event('A payment failed; the order can still be paid.', { problem }),
  'order.review': event('Money moved in a way that a person has to look at.', { problem }),
  'order.refunded': event('Money of an order went back, and credits with it.', {
    amount: z.number(),
    credits: z.number(),
    currency,
    source: z.enum(['operator', 'provider']),
    reason: z.string().nullable(),
  }),
  'order.refund-failed': event('Money did not go back after all; the credits are there again.', {
    problem,
  }),
  'order.expired': event('Nobody paid an order in time.', {}),
  'order.failed': event('The payment provider would not take an order.', { problem }),
}

/** These concern everybody. */
const house = {
  'stock.available': event('There is room again where there was none.', {
    region,
    flavor: z.string(),
    gpu_model: z.string().nullable(),
    gpu_count: z.int(),
    available: z.int(),
  }),
}

export const eventKinds = {
  ...instances,
  ...snapshots,
  ...storage,
  ...microvmEvents,
  ...protection,
  ...work,
  ...account,
  ...operatorEvents,
  ...money,
  ...orders,
  ...house,
} satisfies Record<string, EventShape>

export type EventKind = keyof typeof eventKinds
