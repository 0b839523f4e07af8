/** The account that asks: who it is, what it may have, and whom it bills. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { AccessEnum, PersonReference, RoleEnum } from './api-keys.ts'
import { findCountry } from './countries.ts'
import { type ProfileField, profileRules, shortestName } from './profile-rules.ts'

const tags = ['Account']

const Account = z
  .object({
    /** The Barrack ID. */
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    currency: Currency,
    /** `off`: nothing is charged. */
    billing_mode: z.enum(['off', 'prepaid']),
    /** Somebody can be billed, which buying credits, volumes and snapshots needs. */
    profile_complete: z.boolean(),
    created_at: Timestamp,
    /** Whoever signed in, or made the key; null when the host itself did. */
    person: PersonReference.nullable(),
    role: RoleEnum,
    access: AccessEnum,
    /** The key that asks; null for whoever signed in. */
    api_key: z.object({ id: z.string(), name: z.string() }).nullable(),
    /** How many of each the account may have. */
    limits: z.record(z.string(), z.int()),
  })
  .openapi('Account')

export const getAccount = createRoute({
  operationId: 'getAccount',
  method: 'get',
  path: '/api/account/',
  summary: 'Get the account, and who is asking',
  tags,
  security,
  responses: {
    ...ok(Envelope.extend({ account: Account }).openapi('AccountResponse'), 'The account', {
      ...exampleHead,
      message: 'Account retrieved successfully',
      account: {
        id: 'BRK-123456U',
        name: 'Ada Lovelace',
        email: 'ada@example.org',
        currency: 'EUR',
        billing_mode: 'prepaid',
        profile_complete: true,
        created_at: '2026-01-10T09:00:00Z',
        person: {
          id: '0198c0de-0000-7000-8000-000000000002',
          name: 'Ada Lovelace',
          email: 'ada@example.org',
        },
        role: 'owner',
        access: 'full',
        api_key: null,
        limits: { api_keys: 10, people: 50, ssh_keys: 25 },
      },
    }),
    ...errors(),
  },
})

const written = (field: Exclude<ProfileField, 'address_line'>) => {
  const { most, pattern, words } = profileRules[field]
  return text(most).regex(pattern, words)
}
const isFilled = (value: string) => value.trim() !== ''
const blank = 'This field may not be blank.'

const optional = <S extends z.ZodType>(schema: S) => schema.nullish()

export const ProfileRequest = z
  .object({
    name: written('name')
      .min(shortestName)
      .refine(
        (name) => name.trim().length >= shortestName,
        `Ensure this field has at least ${shortestName} characters.`,
      ),
    phone: optional(written('phone')),
    address_line: text(profileRules.address_line.most).refine(isFilled, blank),
    city: optional(written('city')),
    state: optional(written('state')),
    postal_code: written('postal_code').min(1).refine(isFilled, blank),
    /** GSTIN or VAT number, for receipts. */
    tax_id: optional(written('tax_id')),
    /** ISO 3166-1, two letters; its English name is understood too. May be left out once it is set. */
    country: text(60)
      .refine(
        (given) => findCountry(given) !== null,
        'Not a country. Use two letters of ISO 3166-1, such as DE or IN.',
      )
      .optional(),
  })
  .openapi('ProfileRequest')
export type ProfileRequest = z.infer<typeof ProfileRequest>

const Profile = z
  .object({
    name: z.string(),
    /** Fixed: signing in goes by it. */
    email: z.string().nullable(),
    phone: z.string().nullable(),
    address_line: z.string().nullable(),
    city: z.string().nullable(),
    state: z.string().nullable(),
    postal_code: z.string().nullable(),
    /** GSTIN or VAT number: without spaces, in capitals. */
    tax_id: z.string().nullable(),
    /** ISO 3166-1, two letters; null as long as none was chosen. */
    country: z.string().nullable(),
    /** In English. */
    country_name: z.string().nullable(),
    /** Follows the country: INR in India, EUR in Europe, USD elsewhere. */
    currency: Currency,
    complete: z.boolean(),
    /** What it still lacks to be complete. */
    missing: z.array(z.enum(['address_line', 'postal_code', 'country'])),
  })
  .openapi('Profile')
export type Profile = z.infer<typeof Profile>

const filled = {
  name: 'Ada Lovelace',
  phone: '+49 30 123456',
  address_line: 'Hauptstraße 1',
  city: 'Berlin',
  state: null,
  postal_code: '10115',
  tax_id: 'DE123456789',
  country: 'DE',
}
const exampleProfile = {
  ...filled,
  email: 'ada@example.org',
  country_name: 'Germany',
  currency: 'EUR',
  complete: true,
  missing: [],
} as const satisfies Profile

const ProfileResponse = Envelope.extend({ profile: Profile }).openapi('ProfileResponse')
const path = '/api/account/profile/'

export const getProfile = createRoute({
  operationId: 'getProfile',
  method: 'get',
  path,
  summary: 'Get the profile',
  tags,
  security,
  responses: {
    ...ok(ProfileResponse, 'Whom the account bills', {
      ...exampleHead,
      message: 'Profile retrieved successfully',
      profile: exampleProfile,
    }),
    ...errors(),
  },
})

export const updateProfile = createRoute({
  operationId: 'updateProfile',
  method: 'put',
  path,
  summary: 'Update the profile',
  description:
    'For owners. What is left out and optional is emptied, but for the country, which stays. The currency follows the country; a change of it is refused (409) while there is a balance, an open order, or anything that is billed in the old one.',
  tags,
  security,
  request: { headers: idempotencyHeaders, body: jsonBody(ProfileRequest, filled) },
  responses: {
    ...ok(ProfileResponse, 'The profile as it is now', {
      ...exampleHead,
      message: 'Profile updated successfully',
      profile: exampleProfile,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})
