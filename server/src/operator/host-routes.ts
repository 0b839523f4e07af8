import * as contract from '@garrison/contract/operator/hosts'
import type { Placement } from '../catalog/placement.ts'
import type { Database } from '../database/database.ts'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import { holderAnswer, hostAnswer, keptAnswer, machineAnswer } from './host-view.ts'
import type { FoundHost, HostService } from './hosts.ts'

type Deps = {
  db: Database
  write: Write
  hosts: HostService
  placement: Placement
  view: { isSimulated: (region: string) => boolean }
}

export function operatorHostRoutes(app: App, { db, write, hosts, placement, view }: Deps) {
  const answer = (found: FoundHost) =>
    hostAnswer(found, placement.ratios, view.isSimulated(found.region))

  app.openapi(contract.listHosts, async (c) => {
    const found = (await hosts.list(db, c.req.valid('query'))).map(answer)
    const head = envelope(c, 'Hosts retrieved successfully')
    return c.json({ ...head, hosts: found, count: found.length }, 200)
  })

  app.openapi(contract.getHost, async (c) => {
    const { region, host } = c.req.valid('param')
    const { page, page_size } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { found, holders, kept, instances } = await hosts.details(db, region, host, range)
    return c.json(
      {
        ...envelope(c, 'Host retrieved successfully'),
        host: {
          ...answer(found),
          holders: holders.map(holderAnswer),
          kept: kept.map(keptAnswer),
          instances: instances.rows.map(machineAnswer),
        },
        pagination: paginate(page, page_size, instances.total),
      },
      200,
    )
  })

  app.openapi(contract.drainHost, (c) =>
    write(c, async (tx, caller) => {
      const { region, host } = c.req.valid('param')
      const { reason = '' } = c.req.valid('json')
      const drained = await hosts.drain(tx, caller, region, host, reason)
      return { ...envelope(c, `${host} takes nothing new`), host: answer(drained) }
    }),
  )

  app.openapi(contract.undrainHost, (c) =>
    write(c, async (tx, caller) => {
      const { region, host } = c.req.valid('param')
      const undrained = await hosts.undrain(tx, caller, region, host)
      return { ...envelope(c, `${host} takes machines again`), host: answer(undrained) }
    }),
  )
}
