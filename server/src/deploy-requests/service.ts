/**
 * Deployments with several choices, and those that may wait for room. A request is checked as a
 * deployment is, by deploying it and taking that back: so the two can never disagree about what is right.
 */
import type { DeployRequestState } from '@garrison/contract/deploy-requests/states'
import { whyNot } from '@garrison/contract/deploy-requests/states'
import { longestWaitDays, waitingPerAccount } from '@garrison/contract/instances/choices'
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { savepoint } from '../database/savepoint.ts'
import {
  DomainError,
  InsufficientCapacity,
  InvalidState,
  NameTaken,
  NotFound,
  ValidationError,
} from '../errors.ts'
import type { Preparation } from '../first-boot/preparation.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import type { Deployment } from '../instances/deployment.ts'
import type { Instance } from '../instances/store.ts'
import { choicesOf, needOf, poolOf, requestFor } from './choices.ts'
import * as store from './store.ts'

export type DeployRequestServiceDeps = {
  clock: Clock
  catalog: Catalog
  placement: Placement
  accounts: AccountService
  deployment: Deployment
  preparation: Preparation
}

const dayMs = 24 * 60 * 60_000

/** Ends a savepoint whose work was only to see whether it can be done. */
class OnlyTried extends Error {}

export type Deployed =
  | { readonly instance: Instance; readonly request: null }
  | { readonly instance: null; readonly request: store.PlacedRequest }

export function createDeployRequestService(deps: DeployRequestServiceDeps) {
  const { clock, catalog, placement, accounts, deployment, preparation } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const request = await store.findRequest(db, caller.accountId, id)
    if (request === undefined) throw new NotFound('Deploy request', id)
    return request
  }

  /** Throws what is wrong with the choice; answers whether there is room for it now. */
  async function fits(tx: Tx, caller: Caller, input: DeploymentRequest): Promise<boolean> {
    try {
      await savepoint(tx, async () => {
        await deployment.deploy(tx, caller, input)
        throw new OnlyTried()
      })
    } catch (error) {
      if (error instanceof InsufficientCapacity) return false
      if (!(error instanceof OnlyTried)) throw error
    }
    return true
  }

  function requireWaitUntil(text: string): Date {
    const until = new Date(text)
    const waitMs = until.getTime() - clock.now().getTime()
    if (waitMs <= 0) throw new ValidationError({ wait_until: ['Must be in the future.'] })
    if (waitMs > longestWaitDays * dayMs) {
      throw new ValidationError({
        wait_until: [`Must be within ${longestWaitDays} days from now.`],
      })
    }
    return until
  }

  /** It would wait in vain where no host is large enough, even empty. */
  async function requirePossible(choices: readonly DeploymentRequest[]) {
    for (const choice of choices) {
      if (await placement.couldEverFit(choice.region, needOf(catalog, choice))) return
    }
    const where = [...new Set(choices.map((choice) => choice.region))].join(', ')
    throw new InsufficientCapacity(
      `No host of ${where} is large enough, even empty; choose something smaller or another region`,
    )
  }

  async function enqueue(tx: Tx, caller: Caller, input: DeploymentRequest, until: Date) {
    await accounts.lock(tx, caller.accountId)
    if ((await store.countWaiting(tx, caller.accountId)) >= waitingPerAccount) {
      throw new DomainError(
        'LIMIT_EXCEEDED',
        `An account has at most ${waitingPerAccount} deploy requests that wait; cancel one first`,
      )
    }
    const now = clock.now()
    const choices = choicesOf(input)
    const id = await issuePublicId(tx, 'R')
    await store
      .insertRequest(tx, {
        id: newUuid(),
        public_id: id,
        account_id: caller.accountId,
        vm_name: input.vm_name,
        state: 'waiting',
        choices: JSON.stringify(choices),
        pools: choices.map((choice) => poolOf(catalog, requestFor(input, choice))),
        request: JSON.stringify(withoutPassword(input)),
        wait_until: until,
        kept_region: null,
        kept_host: null,
        kept_need: null,
        kept_until: null,
        first_boot: JSON.stringify(await preparation.settle(tx, caller, input)),
        instance_id: null,
        instance_public_id: null,
        reason: null,
        api_key_id: bearingKey(caller),
        created_at: now,
        updated_at: now,
        finished_at: null,
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'deploy_requests_name')
          ? new NameTaken('an instance', input.vm_name)
          : error
      })
    await audit(tx, caller, 'create', id, { name: input.vm_name, choices })
    const request = await require(tx, caller, id)
    return request
  }

  const audit = (
    tx: Tx,
    caller: Caller,
    verb: string,
    id: string,
    detail: Record<string, unknown>,
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) =>
    recordAudit(
      tx,
      caller,
      {
        ...{ action: `deploy-request.${verb}`, subjectKind: 'deploy-request', subjectId: id },
        ...{ detail, ...values },
      },
      clock.now(),
    )

  return {
    require,

    /** The first choice that there is room for; where there is none and it may wait, a request. */
    async deploy(tx: Tx, caller: Caller, input: DeploymentRequest): Promise<Deployed> {
      const mayWait = input.wait_until !== undefined
      if (!mayWait && input.alternatives === undefined) {
        return { ...(await deployment.deploy(tx, caller, input)), request: null }
      }
      const until = mayWait ? requireWaitUntil(input.wait_until ?? '') : null
      const choices = choicesOf(input).map((choice) => requestFor(input, choice))
      // All are looked at, so that a mistake in a later one is not found when it is too late to mend.
      const room: DeploymentRequest[] = []
      for (const [index, choice] of choices.entries()) {
        const possible = await fits(tx, caller, choice).catch((error: unknown) => {
          throw ofChoice(error, index)
        })
        if (possible) room.push(choice)
      }
      for (const choice of room) {
        try {
          const deployed = await savepoint(tx, () => deployment.deploy(tx, caller, choice))
          return { ...deployed, request: null }
        } catch (error) {
          // Somebody was faster.
          if (!(error instanceof InsufficientCapacity)) throw error
        }
      }
      if (until === null) {
        throw new InsufficientCapacity(
          `There is room for none of the ${choices.length} choices; add others, or give wait_until to wait for it`,
        )
      }
      await requirePossible(choices)
      return { instance: null, request: await enqueue(tx, caller, input, until) }
    },

    list: (db: Database, caller: Caller, state: DeployRequestState | undefined, range: Range) =>
      store.pageOfRequests(db, caller.accountId, state, range),

    async cancel(tx: Tx, caller: Caller, id: string) {
      const request = await store.lockRequest(tx, caller.accountId, id)
      if (request === undefined) throw new NotFound('Deploy request', id)
      const refusal = whyNot('cancel', request.state)
      if (refusal !== null) throw new InvalidState('deploy-request', refusal)
      const now = clock.now()
      await store.updateRequest(tx, request, {
        state: 'cancelled',
        request: null,
        first_boot: null,
        updated_at: now,
        finished_at: now,
      })
      const values = { before: { state: request.state }, after: { state: 'cancelled' } }
      await audit(tx, caller, 'cancel', id, { name: request.vm_name }, values)
      return require(tx, caller, id)
    },
  }
}

export type DeployRequestService = ReturnType<typeof createDeployRequestService>

/** Which is settled, hashed, before the request is written. */
const withoutPassword = ({ jupyter, ...rest }: DeploymentRequest): DeploymentRequest =>
  jupyter === undefined ? rest : { ...rest, jupyter: { enabled: jupyter.enabled } }

/** Says which choice is meant. The first one is the request itself. */
function ofChoice(error: unknown, index: number): unknown {
  if (index === 0 || !(error instanceof DomainError)) return error
  if (error instanceof ValidationError) {
    const prefixed = Object.entries(error.fields).map(([field, words]) => [
      `alternatives.${index - 1}.${field}`,
      words,
    ])
    return new ValidationError(Object.fromEntries(prefixed), error.message)
  }
  return new DomainError(error.code, `Alternative ${index}: ${error.message}`)
}
