/**
 * Serves deploy requests, oldest first, whenever there may be room again.
 *
 * A younger request, or a deployment that does not wait, may pass an older one that needs more than is
 * free. So that a large one does not wait for ever while small ones take what becomes free, a host is
 * kept for it once it has waited for {@link patienceMs}: the host that is nearest to having room for its
 * first choice. The room that it needs there counts as taken until the request is served or ends, for
 * {@link keptForMs} at most and once for each request: what is kept stands idle. A host is kept for one
 * request at a time, and an account has one host kept in a region, for its oldest request there.
 */

import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import { EngineError } from '@garrison/engines/engine'
import type { AccountService } from '../accounts/service.ts'
import type { BillingService } from '../billing/service.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Clock } from '../clock.ts'
import {
  type Database,
  gaveWay,
  isUnavailable,
  type Tx,
  transaction,
} from '../database/database.ts'
import { savepoint } from '../database/savepoint.ts'
import { DomainError } from '../errors.ts'
import type { Deployment } from '../instances/deployment.ts'
import type { InstanceService } from '../instances/service.ts'
import type { Log } from '../log.ts'
import { choicesOf, needOf, requestFor } from './choices.ts'
import * as store from './store.ts'

export const patienceMs = 10 * 60_000
export const keptForMs = 6 * 60 * 60_000

export type DeployQueueDeps = {
  db: Database
  clock: Clock
  catalog: Catalog
  placement: Placement
  accounts: AccountService
  billing: BillingService
  instances: InstanceService
  deployment: Deployment
  log: Log
}

/** What became of trying one choice. */
type Attempt = 'deployed' | 'no room' | { readonly refused: string }

/** These pass: what is asked for is right, and can be done later. */
const passing = new Set([
  'INSUFFICIENT_CAPACITY',
  'OPERATION_IN_PROGRESS',
  'SERVICE_UNAVAILABLE',
  'ACCOUNT_SUSPENDED',
])

export function createDeployQueue(deps: DeployQueueDeps) {
  const { db, clock, catalog, placement, accounts, billing, instances, deployment, log } = deps

  /** Looks at all of them once. */
  async function run() {
    await each('deploying', follow)
    await each('waiting', serve)
  }

  /** What goes wrong with one must not keep the others waiting. */
  async function each(state: 'deploying' | 'waiting', act: (tx: Tx, id: string) => Promise<void>) {
    for (const id of await store.idsInState(db, state)) {
      await transaction(db, (tx) => act(tx, id)).catch((error: unknown) => {
        if (isUnavailable(error)) throw error
        log('error', 'cannot look after a deploy request', { id, error })
      })
    }
  }

  /** How the deployment of one that had its turn goes on. */
  async function follow(tx: Tx, id: string) {
    const request = await store.lockInState(tx, id, 'deploying')
    if (request === undefined || request.instance_id === null) return
    const caller = await accounts.onBehalfOf(tx, request.account_id, request.api_key_id)
    const { status, made_at, error, public_id } = await instances.get(
      tx,
      caller,
      request.instance_id,
    )
    if (made_at !== null) return end(tx, request, 'deployed')
    if (status === 'ERROR') {
      return end(tx, request, 'failed', `${error}; delete ${public_id}, then ask again`)
    }
    if (status === 'DELETING' || status === 'DELETED') {
      return end(tx, request, 'failed', `${public_id} was deleted before it ran`)
    }
  }

  async function serve(tx: Tx, id: string) {
    if (!(await store.holdQueue(tx))) return
    const request = await store.lockInState(tx, id, 'waiting')
    if (request === undefined) return
    if (clock.now() >= request.wait_until) return end(tx, request, 'expired')
    const { request: input } = request
    if (input === null) return
    const unpaid = await whyUnpaid(tx, request)
    if (unpaid !== null) return end(tx, request, 'failed', unpaid)
    const refusals: string[] = []
    const choices = choicesOf(input).map((choice) => requestFor(input, choice))
    for (const choice of choices) {
      // Most looks find nothing new, and deploying on trial is work.
      if (!(await mayFit(tx, request, choice))) continue
      const attempt = await tryChoice(tx, request, choice)
      if (attempt === 'deployed') return
      if (attempt !== 'no room') refusals.push(attempt.refused)
    }
    // As long as one of them is only short of room, there is something to wait for.
    const [first] = refusals
    if (first !== undefined && refusals.length === choices.length) {
      return end(tx, request, 'failed', first)
    }
    await keepRoom(tx, request, choices[0])
  }

  /** Without credits or budget it would wait in vain, and keep room from others. */
  async function whyUnpaid(tx: Tx, request: store.DeployRequest): Promise<string | null> {
    const caller = await accounts.onBehalfOf(tx, request.account_id, request.api_key_id)
    try {
      await billing.requireSomeCredits(tx, caller)
      return null
    } catch (error) {
      if (error instanceof DomainError) return error.message
      throw error
    }
  }

  /** Whether it is worth trying: there is room, or something is wrong with it, which trying tells. */
  async function mayFit(tx: Tx, request: store.DeployRequest, choice: DeploymentRequest) {
    try {
      return await placement.hasRoom(tx, choice.region, needOf(catalog, choice), request.id)
    } catch (error) {
      if (error instanceof EngineError || error instanceof DomainError) return true
      throw error
    }
  }

  async function tryChoice(
    tx: Tx,
    request: store.DeployRequest,
    choice: DeploymentRequest,
  ): Promise<Attempt> {
    const caller = await accounts.onBehalfOf(tx, request.account_id, request.api_key_id)
    try {
      await savepoint(tx, async () => {
        const now = clock.now()
        // First, since a request that waits keeps its name, and its room, from everybody else.
        await store.updateRequest(tx, request, { state: 'deploying', updated_at: now })
        const { instance } = await deployment.deploy(tx, caller, choice, request.first_boot)
        await store.updateRequest(tx, request, {
          instance_id: instance.id,
          instance_public_id: instance.public_id,
          // May hold secrets, and is not needed again.
          request: null,
          first_boot: null,
          updated_at: now,
        })
      })
      return 'deployed'
    } catch (error) {
      if (isUnavailable(error) || gaveWay(error)) throw error
      if (error instanceof EngineError) return 'no room'
      if (error instanceof DomainError) {
        return passing.has(error.code) ? 'no room' : { refused: error.message }
      }
      log('error', 'a deploy request cannot be served', { request: request.public_id, error })
      return { refused: 'Something went wrong on our side; the server log says what' }
    }
  }

  async function keepRoom(
    tx: Tx,
    request: store.DeployRequest,
    choice: DeploymentRequest | undefined,
  ) {
    const now = clock.now()
    if (request.kept_until !== null) return endKeeping(tx, request, request.kept_until)
    if (choice === undefined) return
    if (now.getTime() - request.created_at.getTime() < patienceMs) return
    const kept = await store.kept(tx, choice.region)
    if (kept.some((each) => each.account_id === request.account_id)) return
    const taken = kept.flatMap((each) => each.kept_host ?? [])
    // None is kept for what has become impossible since.
    if ((await tryChoice(tx, request, choice)) !== 'no room') return
    const need = needOf(catalog, choice)
    const host = await placement.hostToKeep(tx, choice.region, need, taken)
    if (host === null) return
    await store.updateRequest(tx, request, {
      kept_region: choice.region,
      kept_host: host,
      kept_need: JSON.stringify(need),
      kept_until: new Date(now.getTime() + keptForMs),
      updated_at: now,
    })
  }

  async function endKeeping(tx: Tx, request: store.DeployRequest, until: Date) {
    const now = clock.now()
    if (request.kept_host === null || now < until) return
    await store.updateRequest(tx, request, {
      kept_region: null,
      kept_host: null,
      kept_need: null,
      updated_at: now,
    })
  }

  async function end(
    tx: Tx,
    request: store.DeployRequest,
    state: 'deployed' | 'expired' | 'failed',
    reason: string | null = null,
  ) {
    const now = clock.now()
    await store.updateRequest(tx, request, {
      state,
      reason,
      request: null,
      first_boot: null,
      updated_at: now,
      finished_at: now,
    })
  }

  return { run }
}

export type DeployQueue = ReturnType<typeof createDeployQueue>
