/** The tables as Kysely sees them. Column meanings stand in the migrations, beside their constraints. */
import type { Generated } from 'kysely'
import type { AccountsSchema } from './schema/accounts.ts'
import type { AssistantSchema } from './schema/assistant.ts'
import type { BillingSchema } from './schema/billing.ts'
import type { DepletionSchema } from './schema/depletion.ts'
import type { DeployRequestsSchema } from './schema/deploy-requests.ts'
import type { EventsSchema } from './schema/events.ts'
import type { FirewallsSchema } from './schema/firewalls.ts'
import type { InstancesSchema } from './schema/instances.ts'
import type { MailSchema } from './schema/mail.ts'
import type { MicrovmsSchema } from './schema/microvms.ts'
import type { OperationsSchema } from './schema/operations.ts'
import type { OperatorSchema } from './schema/operator.ts'
import type { PaymentsSchema } from './schema/payments.ts'
import type { PeopleSchema } from './schema/people.ts'
import type { SignInSchema } from './schema/sign-in.ts'
import type { SnapshotsSchema } from './schema/snapshots.ts'
import type { VolumesSchema } from './schema/volumes.ts'
import type { WebhooksSchema } from './schema/webhooks.ts'

export type Schema = AccountsSchema &
  AssistantSchema &
  BillingSchema &
  DepletionSchema &
  DeployRequestsSchema &
  EventsSchema &
  FirewallsSchema &
  InstancesSchema &
  MailSchema &
  MicrovmsSchema &
  OperationsSchema &
  OperatorSchema &
  PaymentsSchema &
  PeopleSchema &
  SignInSchema &
  SnapshotsSchema &
  VolumesSchema &
  WebhooksSchema & {
    installation: { id: string; created_at: Generated<Date>; only_one: Generated<boolean> }
    public_ids: { id: string }
  }
