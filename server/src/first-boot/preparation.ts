/** What a deployment gives a machine to do on its first boot: where it is possible, and what it comes to. */
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { Caller } from '../caller.ts'
import type { Catalog, Region } from '../catalog/catalog.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Tx } from '../database/database.ts'
import { DomainError, ValidationError } from '../errors.ts'
import type { ScriptService } from '../scripts/service.ts'
import { hashJupyterPassword } from './jupyter.ts'
import { insertStartupLog } from './store.ts'
import { type Given, userDataFor } from './user-data.ts'

export type PreparationDeps = { catalog: Catalog; regions: Regions; scripts: ScriptService }

/** Once everything about it is known to be right. */
export type NewFirstBoot = { readonly userData: string | null; readonly jupyter: boolean }

/**
 * What a deployment brings from outside itself, as it was when it was asked for: the text of its startup
 * script, and the password for Jupyter, hashed.
 */
export type Settled = { readonly script: string | null; readonly jupyterHash: string | null }

type Request = Pick<DeploymentRequest, 'cloud_init' | 'startup_script_id' | 'jupyter'>

export function createPreparation({ catalog, regions, scripts }: PreparationDeps) {
  /** The published regions have one or the other; see table 1.3 of the contract. */
  function requireOffered({ name }: Region, request: Request) {
    const can = regions.capabilities(name)
    const refuse = (field: string, instead: string) =>
      new DomainError('TIER_NOT_SUPPORTED', `${name} does not offer ${field}; ${instead}`)
    if (request.startup_script_id !== undefined && !can.startupScripts) {
      throw refuse('startup_script_id', can.cloudInit ? 'use cloud_init' : 'leave it out')
    }
    if (request.cloud_init !== undefined && !can.cloudInit) {
      throw refuse('cloud_init', can.startupScripts ? 'use a startup script' : 'leave it out')
    }
  }

  async function settle(tx: Tx, caller: Caller, request: Request): Promise<Settled> {
    const { startup_script_id: id, jupyter } = request
    const script = id === undefined ? null : (await scripts.require(tx, caller, id)).script
    // The schema has made sure that there is one.
    const password = jupyter?.enabled === true ? (jupyter.password ?? null) : null
    return { script, jupyterHash: password === null ? null : await hashJupyterPassword(password) }
  }

  function given({ cloud_init }: Request, { script }: Settled): Given | null {
    if (script !== null) return { field: 'startup_script_id', text: script }
    return cloud_init === undefined ? null : { field: 'cloud_init', text: cloud_init }
  }

  return {
    /** For a deployment that is made later: what becomes of the script until then does not matter. */
    settle,

    /**
     * @param osImage Name of the image that the disk goes back to, if anybody knows.
     * @param settled Of a deployment that was asked for earlier; otherwise it is settled now.
     */
    async require(
      tx: Tx,
      caller: Caller,
      region: Region,
      osImage: string | null,
      request: Request,
      settled: Settled | null,
    ): Promise<NewFirstBoot> {
      requireOffered(region, request)
      if (request.cloud_init !== undefined && request.startup_script_id !== undefined) {
        const message = 'Give either cloud_init or startup_script_id, not both.'
        throw new ValidationError({ cloud_init: [message], startup_script_id: [message] })
      }
      const known = settled ?? (await settle(tx, caller, request))
      const image = catalog.osImages(region).find((each) => each.name === osImage)
      const userData = userDataFor(image, given(request, known), known.jupyterHash)
      return { userData, jupyter: request.jupyter?.enabled === true }
    },

    /** The machine was written with its user-data; from now on there is something to tell of it. */
    async give(
      tx: Tx,
      { account_id, id, user_data }: { account_id: string; id: string; user_data: string | null },
    ) {
      if (user_data !== null) await insertStartupLog(tx, account_id, id)
    },
  }
}

export type Preparation = ReturnType<typeof createPreparation>
