import * as contract from '@garrison/contract/health/routes'
import { sql } from 'kysely'
import { NotConfigured, type Regions } from '../catalog/regions.ts'
import { unknownRegionsInUse } from '../catalog/regions-in-use.ts'
import { firstImage } from '../config/defaults.ts'
import type { Database } from '../database/database.ts'
import type { App } from './answers.ts'

type Check = contract.Readiness['checks'][keyof contract.Readiness['checks']]

export function healthRoutes(
  app: App,
  { db, regions, disk }: { db: Database; regions: Regions; disk: () => Check },
) {
  app.openapi(contract.getHealth, (c) => c.json({ status: 'ok' as const }, 200))

  app.openapi(contract.getReadiness, async (c) => {
    const [database, engines, guest_image] = await Promise.all([
      check(async () => {
        await sql`select 1`.execute(db)
        return 'PostgreSQL answers'
      }),
      check(async () => {
        const names = regions.names()
        await Promise.all(names.map((name) => regions.inventory(name)))
        const notices = new Set(names.flatMap((name) => regions.capabilities(name).notices))
        const verb = names.length === 1 ? 'answers' : 'answer'
        // None while the database is away: that is told by its own check.
        const missing = await unknownRegionsInUse(db, names).catch(() => [])
        return [
          `${names.join(', ')} ${verb}.`,
          ...missing.map((region) => `${new NotConfigured(region).message}.`),
          ...notices,
        ].join(' ')
      }),
      check(() => imageState(regions)),
    ])
    const ready = database.ok && engines.ok && guest_image.ok
    const checks = { database, engines, guest_image, disk: disk() }
    return c.json({ ready, checks }, ready ? 200 : 503)
  })
}

async function check(look: () => Promise<string>): Promise<Check> {
  try {
    return { ok: true, detail: await look() }
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

async function imageState(regions: Regions): Promise<string> {
  for (const name of regions.names()) {
    const images = await regions.engine(name).osImages()
    const image = images.find((each) => each.name === firstImage)
    if (image === undefined) continue
    if (!image.ready) throw new Error(`${firstImage} is being built; wait a moment`)
    return `${firstImage} is built`
  }
  return 'No region boots an image that is built here'
}
