/** Accounts as whoever runs the installation sees them: what they have, owe, and may have. */
import { createRoute, z } from '@hono/zod-openapi'
import { roles } from '../accounts/roles.ts'
import { depletionStages } from '../billing/depletion.ts'
import {
  currencies,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  integer,
  jsonBody,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  publicId,
  query,
  search,
  security,
  Timestamp,
  text,
} from '../common.ts'

const limit = integer(0, 1_000_000).nullable()

/** The most that an account may have at once; null: no limit. What it has already stays. */
export const Limits = z
  .strictObject({
    /** In whatever state, until they are deleted; so are the vCPUs, memory and GPUs of those. */
    max_instances: limit,
    max_vcpus: limit,
    max_memory_gb: limit,
    max_volume_gb: limit,
    max_snapshots: limit,
    max_gpus: limit,
  })
  .openapi('AccountLimits')
export type Limits = z.infer<typeof Limits>

const Counts = z
  .object({
    instances: z.int(),
    running: z.int(),
    microvms: z.int(),
    /** Of instances and microVMs. */
    vcpus: z.int(),
    memory_gb: z.number(),
    gpus: z.int(),
    volumes: z.int(),
    volume_gb: z.int(),
    /** Of both. */
    snapshots: z.int(),
    images: z.int(),
    api_keys: z.int(),
    people: z.int(),
  })
  .openapi('AccountCounts')

const Suspension = z.object({ since: Timestamp, reason: z.string() }).openapi('Suspension')

export const AccountSummary = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    country: z.string().nullable(),
    currency: z.enum(currencies),
    balance: z.number(),
    /** Per hour, of everything that is billed now. */
    burn_rate: z.number(),
    /** Null: nothing is used, or nothing is charged. */
    hours_left: z.number().nullable(),
    billing_mode: z.enum(['off', 'prepaid']),
    /** How far its credits are used up. */
    stage: z.enum(depletionStages),
    suspended: Suspension.nullable(),
    limits: Limits,
    counts: Counts,
    /** Of its keys, its people and what it arranged; null: never anything. */
    last_activity_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .openapi('OperatorAccount')
export type AccountSummary = z.infer<typeof AccountSummary>

const Person = z
  .object({
    name: z.string(),
    email: z.string().nullable(),
    role: z.enum(roles),
    /** Null while they are only invited. */
    joined_at: Timestamp.nullable(),
  })
  .openapi('OperatorPerson')

const noLimits = {
  ...{ max_instances: null, max_vcpus: null, max_memory_gb: null },
  ...{ max_volume_gb: null, max_snapshots: null, max_gpus: null },
}

const example = {
  id: 'BRK-100200U',
  name: 'Acme',
  email: 'owner@example.org',
  country: 'Norway',
  currency: 'USD',
  balance: 42.5,
  burn_rate: 0.03,
  hours_left: 1416.67,
  billing_mode: 'prepaid',
  stage: 'ok',
  suspended: null,
  limits: noLimits,
  counts: {
    ...{ instances: 3, running: 2, microvms: 0, vcpus: 3, memory_gb: 3, gpus: 0 },
    ...{ volumes: 1, volume_gb: 100 },
    ...{ snapshots: 2, images: 0, api_keys: 1, people: 1 },
  },
  last_activity_at: '2026-01-10T09:00:00Z',
  created_at: '2026-01-01T00:00:00Z',
} satisfies AccountSummary

const tags = ['Operator']
const params = z.object({ account_id: publicId('U') })

export const ListAccountsResponse = Envelope.extend({
  accounts: z.array(AccountSummary),
  pagination: Pagination,
}).openapi('ListAccountsResponse')

export const listAccounts = createRoute({
  operationId: 'listAccounts',
  method: 'get',
  path: '/api/operator/accounts/',
  summary: 'List accounts',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      /** Part of a name, an e-mail address or an id. */
      search,
      suspended: query(z.enum(['true', 'false'])),
    }),
  },
  responses: {
    ...ok(ListAccountsResponse, 'Accounts, the youngest first', {
      ...exampleHead,
      message: 'Accounts retrieved successfully',
      accounts: [example],
      pagination: paginationExample,
    }),
    ...errors(400, 403),
  },
})

const AccountDetails = AccountSummary.extend({ people: z.array(Person) }).openapi(
  'OperatorAccountDetails',
)
const details = {
  ...example,
  people: [
    {
      name: 'Ada',
      email: 'owner@example.org',
      role: 'owner' as const,
      joined_at: '2026-01-01T00:00:00Z',
    },
  ],
}

export const GetAccountResponse = Envelope.extend({ account: AccountDetails }).openapi(
  'GetOperatorAccountResponse',
)

export const getOperatorAccount = createRoute({
  operationId: 'getOperatorAccount',
  method: 'get',
  path: '/api/operator/accounts/{account_id}/',
  summary: 'Look at an account',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetAccountResponse, 'The account and its people', {
      ...exampleHead,
      message: 'Account retrieved successfully',
      account: details,
    }),
    ...errors(400, 403, 404),
  },
})

export const ChangeAccountRequest = z
  .strictObject({
    /** What is left out stays; null takes a limit away. */
    limits: Limits.partial().optional(),
    /** True: its keys and sessions answer 403 ACCOUNT_SUSPENDED from now on. */
    suspended: z.boolean().optional(),
    /** Told to the account; needed to suspend. */
    reason: text(500).min(1).optional(),
    /** With a suspension: its machines are stopped. Otherwise they go on, and are billed. */
    stop: z.boolean().optional(),
  })
  .refine(({ limits, suspended }) => limits !== undefined || suspended !== undefined, {
    error: 'Give limits, suspended, or both.',
  })
  .openapi('ChangeAccountRequest')
export type ChangeAccountRequest = z.infer<typeof ChangeAccountRequest>

export const ChangeAccountResponse = Envelope.extend({
  account: AccountDetails,
  /** Instances that are being stopped now, and microVMs that are being suspended. */
  stopped: z.array(z.string()),
  /** Those that run and could not be asked to, such as in the middle of something else, and why. */
  not_stopped: z.array(z.object({ id: z.string(), reason: z.string() })),
}).openapi('ChangeAccountResponse')

export const changeAccount = createRoute({
  operationId: 'changeAccount',
  method: 'patch',
  path: '/api/operator/accounts/{account_id}/',
  summary: 'Change the limits of an account, suspend it or let it go on',
  description: 'An operator cannot suspend the account that asks.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(ChangeAccountRequest, { limits: { max_instances: 10, max_gpus: 0 } }),
  },
  responses: {
    ...ok(ChangeAccountResponse, 'The account as it is now', {
      ...exampleHead,
      message: 'The account was changed',
      account: { ...details, limits: { ...noLimits, max_instances: 10, max_gpus: 0 } },
      stopped: [],
      not_stopped: [],
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const GrantCreditsRequest = z
  .strictObject({
    amount: z
      .number({
        error: ({ input }) => (input === undefined ? 'This field is required.' : undefined),
      })
      .min(0.000_001)
      .max(1_000_000),
    /** Left out: the account's own. */
    currency: z.enum(currencies).optional(),
    /** The same reference gives once; `garrison credits grant` knows the same ones. */
    reference: text(100).min(1),
    /** Shown to the account. */
    description: text(200).min(1).optional(),
  })
  .openapi('GrantCreditsRequest')
export type GrantCreditsRequest = z.infer<typeof GrantCreditsRequest>

export const GrantCreditsResponse = Envelope.extend({
  /** False: they were given before under this reference. */
  granted: z.boolean(),
  amount: z.number(),
  currency: z.enum(currencies),
  balance: z.number(),
}).openapi('GrantCreditsResponse')

export const grantCredits = createRoute({
  operationId: 'grantCredits',
  method: 'post',
  path: '/api/operator/accounts/{account_id}/credits/',
  summary: 'Give an account credits',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(GrantCreditsRequest, {
      amount: 25,
      reference: 'welcome-2026',
      description: 'Welcome',
    }),
  },
  responses: {
    ...ok(GrantCreditsResponse, 'What was given, and the balance now', {
      ...exampleHead,
      message: 'Credits granted',
      granted: true,
      amount: 25,
      currency: 'USD',
      balance: 67.5,
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})
