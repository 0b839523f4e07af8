/** The people of an account: who is invited, who may do what, who leaves. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  choice,
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
import { RoleEnum } from './api-keys.ts'
import { roles } from './roles.ts'

/** An account has no more than this, with those who are invited. */
export const peoplePerAccount = 50
/** Of an account within a day, so that nobody's mailbox is filled through us. */
export const invitationsPerDay = 50
export const invitationDays = 7

const personStatuses = ['invited', 'expired', 'active'] as const

export const PersonId = text(64).openapi({ example: '0198c0de-0000-7000-8000-000000000002' })

export const Person = z
  .object({
    id: PersonId,
    /** Empty until they have given one. */
    name: z.string(),
    /** Null only for whoever set the host up and gave none. */
    email: z.string().nullable(),
    role: RoleEnum,
    /** `expired`: the invitation is too old; send it again. */
    status: z.enum(personStatuses).openapi('PersonStatus'),
    invited_at: Timestamp.nullable(),
    invitation_expires_at: Timestamp.nullable(),
    joined_at: Timestamp.nullable(),
    /** Whoever asks, or made the key that asks. */
    current: z.boolean(),
  })
  .openapi('Person')
export type Person = z.infer<typeof Person>

const example = {
  id: '0198c0de-0000-7000-8000-000000000002',
  name: '',
  email: 'grace@example.org',
  role: 'member',
  status: 'invited',
  invited_at: '2026-01-10T09:00:00Z',
  invitation_expires_at: '2026-01-17T09:00:00Z',
  joined_at: null,
  current: false,
} as const satisfies Person

const tags = ['Account']
const params = z.object({ person_id: PersonId })
const path = '/api/account/people/{person_id}/'
const PersonResponse = Envelope.extend({ person: Person }).openapi('PersonResponse')

export const listPeople = createRoute({
  operationId: 'listPeople',
  method: 'get',
  path: '/api/account/people/',
  summary: 'List the people of the account',
  description: 'Also those who are invited, oldest first.',
  tags,
  security,
  responses: {
    ...ok(
      Envelope.extend({
        people: z.array(Person),
        count: z.int(),
        limit: z.int(),
      }).openapi('PeopleListResponse'),
      'The people',
      {
        ...exampleHead,
        message: 'People retrieved successfully',
        people: [example],
        count: 1,
        limit: peoplePerAccount,
      },
    ),
    ...errors(),
  },
})

const Email = z
  .email('Enter a valid e-mail address.')
  .max(254)
  .openapi({ example: 'grace@example.org' })

/** Letters of any script, and what names have in them; no line breaks, which mails would show. */
const PersonName = text(100).regex(/^[^\p{C}]*$/u, 'Control characters are not allowed.')

export const InvitePersonRequest = z
  .object({
    email: Email,
    /** At most your own. */
    role: choice(roles).default('member').openapi('InvitedRole'),
    name: PersonName.optional(),
  })
  .openapi('InvitePersonRequest')
export type InvitePersonRequest = z.infer<typeof InvitePersonRequest>

export const invitePerson = createRoute({
  operationId: 'invitePerson',
  method: 'post',
  path: '/api/account/people/',
  summary: 'Invite somebody',
  description: `For owners. They get a mail with a link that is good for ${invitationDays} days. An account has at most ${peoplePerAccount} people.`,
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(InvitePersonRequest, { email: 'grace@example.org', role: 'member' }),
  },
  responses: {
    ...ok(PersonResponse, 'Who is invited', {
      ...exampleHead,
      message: 'Invitation sent to grace@example.org',
      person: example,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const resendInvitation = createRoute({
  operationId: 'resendInvitation',
  method: 'post',
  path: '/api/account/people/{person_id}/invitation/',
  summary: 'Send an invitation again',
  description: 'For owners. With a new link; the former one is good for nothing any more.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(PersonResponse, 'Who is invited', {
      ...exampleHead,
      message: 'Invitation sent to grace@example.org',
      person: example,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const ChangePersonRequest = z
  .object({ role: RoleEnum.optional(), name: PersonName.optional() })
  .refine(({ role, name }) => role !== undefined || name !== undefined, {
    error: 'Give a role, a name, or both.',
  })
  .openapi('ChangePersonRequest')
export type ChangePersonRequest = z.infer<typeof ChangePersonRequest>

export const changePerson = createRoute({
  operationId: 'changePerson',
  method: 'patch',
  path,
  summary: "Change somebody's role or name",
  description:
    'For owners; your own name you change yourself. Keys that they made may at once do no more than they. An account keeps at least one owner.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(ChangePersonRequest, { role: 'owner' }),
  },
  responses: {
    ...ok(PersonResponse, 'The person', {
      ...exampleHead,
      message: 'Person updated successfully',
      person: { ...example, role: 'owner' },
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const removePerson = createRoute({
  operationId: 'removePerson',
  method: 'delete',
  path,
  summary: 'Remove somebody, or leave',
  description:
    'For owners; yourself you may always remove, unless you are the last owner. Their sessions and the keys that they made end at once. What they have deployed stays: it is the account’s.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(
      Envelope.extend({ person_id: PersonId }).openapi('RemovePersonResponse'),
      'They are gone',
      {
        ...exampleHead,
        message: 'grace@example.org does not belong to the account any more',
        person_id: example.id,
      },
    ),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const AcceptInvitationRequest = z
  .object({ token: text(200).min(1) })
  .openapi('AcceptInvitationRequest')

export const acceptInvitation = createRoute({
  operationId: 'acceptInvitation',
  method: 'post',
  path: '/api/account/people/accept/',
  summary: 'Accept an invitation',
  description:
    'By whoever it was sent to, signed in. Where only the invited may sign up, they have accepted by that. An account of your own is left behind, if nothing and nobody is in it; its keys end.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(AcceptInvitationRequest, {
      token: 'p8Qm2vXo7sYt4kLc9wRz1nHj6bGd3fEa5uVi0xTyCqM',
    }),
  },
  responses: {
    ...ok(
      Envelope.extend({
        account: z.object({ id: z.string(), name: z.string() }),
        person: Person,
      }).openapi('AcceptInvitationResponse'),
      'You belong to it',
      {
        ...exampleHead,
        message: 'You belong to Analytical Engines',
        account: { id: 'BRK-123456U', name: 'Analytical Engines' },
        person: {
          ...example,
          name: 'Grace Hopper',
          status: 'active',
          invitation_expires_at: null,
          joined_at: '2026-01-11T09:00:00Z',
          current: true,
        },
      },
    ),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})
