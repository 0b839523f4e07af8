/** Egress policies: what a VM may reach. What is not allowed is refused, from its first packet on. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answer,
  exampleIds,
  json,
  microvmErrors,
  microvmHead,
  microvmId,
  queryBoolean,
  sessionId,
} from './common.ts'

const head = microvmHead('Egress')

const mostEntries = 100

/** Of at least two parts: a policy is not to open all of `com`. An address is a network. */
const domainForm = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i
/** Without zeros in front, which some read as octal. */
const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const cidrForm = new RegExp(`^${octet}(\\.${octet}){3}(/(3[0-2]|[12]?\\d))?$`)

const domain = z
  .string()
  .max(253)
  .refine((value) => domainForm.test(value), 'use a name such as example.com or *.example.com')
const cidr = z
  .string()
  .max(18)
  .refine((value) => cidrForm.test(value), 'use an IPv4 network such as 203.0.113.0/24')

export const EgressPolicyRequest = z
  .strictObject({
    /** Registries of Debian, Ubuntu, Alpine, PyPI and npm. */
    allow_package_managers: z.boolean().nullish(),
    /** Port 80 of everything in the internet. */
    allow_http: z.boolean().nullish(),
    /** Port 443 of everything in the internet. */
    allow_https: z.boolean().nullish(),
    /** With the names below them, on all ports. */
    allowed_domains: z.array(domain).max(mostEntries).nullish(),
    /** IPv4, all ports. Private networks are for the operator to permit. */
    allowed_cidrs: z.array(cidr).max(mostEntries).nullish(),
  })
  .openapi('EgressPolicyRequest')
export type EgressPolicyRequest = z.infer<typeof EgressPolicyRequest>

/** A policy with nothing left out. */
export const EgressKnobs = z.object({
  allow_package_managers: z.boolean(),
  allow_http: z.boolean(),
  allow_https: z.boolean(),
  allowed_domains: z.array(z.string()),
  allowed_cidrs: z.array(z.string()),
})
export type EgressKnobs = z.infer<typeof EgressKnobs>

export const EgressPolicy = EgressKnobs.extend({
  /** Null: the session has no VM now; its next one has this policy. */
  vm_id: microvmId.nullable(),
  session_id: sessionId,
  /** The VM reaches this and nothing else by now. False while it is on the way, or where it failed. */
  in_force: z.boolean(),
}).openapi('EgressPolicy')
export type EgressPolicy = z.infer<typeof EgressPolicy>

const example: EgressPolicy = {
  allow_package_managers: true,
  allow_http: false,
  allow_https: false,
  allowed_domains: ['api.example.com'],
  allowed_cidrs: ['203.0.113.0/24'],
  vm_id: exampleIds.vm_id,
  session_id: exampleIds.session_id,
  in_force: true,
}
const wanted = { allow_package_managers: true, allowed_domains: ['api.example.com'] }

const replaces =
  'Replaces the policy: what is left out or null is not allowed. Connections that it does not allow any more are cut. Private, link-local and metadata addresses, the host and other VMs are never reached.'

const wait = queryBoolean(true).describe('Answer when it is in force, not when it is accepted.')
const query = z.object({ wait })
const ofVm = z.object({ vm_id: microvmId })
const ofSession = z.object({ session_id: sessionId })

export const getVmEgress = createRoute({
  ...head,
  operationId: 'getVmEgress',
  method: 'get',
  path: '/v1/egress/vm/{vm_id}',
  summary: 'What a VM may reach',
  request: { params: ofVm },
  responses: { ...answer(EgressPolicy, 'Successful Response', example), ...microvmErrors(404) },
})

export const setVmEgress = createRoute({
  ...head,
  operationId: 'setVmEgress',
  method: 'post',
  path: '/v1/egress/vm/{vm_id}',
  summary: 'Set what a VM may reach',
  description: replaces,
  request: { params: ofVm, query, body: json(EgressPolicyRequest, wanted) },
  responses: {
    ...answer(EgressPolicy, 'Successful Response', example),
    ...microvmErrors(400, 403, 404, 409, 501),
  },
})

export const getSessionEgress = createRoute({
  ...head,
  operationId: 'getSessionEgress',
  method: 'get',
  path: '/v1/egress/session/{session_id}',
  summary: 'What the VMs of a session may reach',
  request: { params: ofSession },
  responses: { ...answer(EgressPolicy, 'Successful Response', example), ...microvmErrors(404) },
})

export const setSessionEgress = createRoute({
  ...head,
  operationId: 'setSessionEgress',
  method: 'post',
  path: '/v1/egress/session/{session_id}',
  summary: 'Set what the VMs of a session may reach',
  description: `The VM that it has, and those that it gets. ${replaces}`,
  request: { params: ofSession, query, body: json(EgressPolicyRequest, wanted) },
  responses: {
    ...answer(EgressPolicy, 'Successful Response', example),
    ...microvmErrors(400, 403, 404, 409, 501),
  },
})
