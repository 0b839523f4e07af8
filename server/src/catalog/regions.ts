/** Which engine runs a region, what it can do, and what it has. */
import type { Capabilities, Engine, Inventory } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'

/** Hosts come and go rarely; disks fill slowly. */
const inventoryAgeMs = 5_000

/** What is in it stays, and nobody here can reach it. */
export class NotConfigured extends DomainError {
  override name = 'NotConfigured'
  constructor(region: string) {
    super(
      'SERVICE_UNAVAILABLE',
      `${region} is not configured on this server; add it to garrison.yaml (or start with --demo)`,
    )
  }
}

export function createRegions(deps: { engines: ReadonlyMap<string, Engine>; clock: Clock }) {
  const inventories = new Map<string, { at: number; inventory: Promise<Inventory> }>()

  function engine(region: string): Engine {
    const found = deps.engines.get(region)
    if (found === undefined) throw new NotConfigured(region)
    return found
  }

  return {
    names: (): string[] => [...deps.engines.keys()],
    isConfigured: (region: string) => deps.engines.has(region),
    /** Throws {@link NotConfigured}. */
    engine,
    /** Before anything is begun there: nobody would ever carry it out. Throws {@link NotConfigured}. */
    requireConfigured: (region: string) => void engine(region),
    capabilities: (region: string): Capabilities => engine(region).capabilities(),

    /** At most a few seconds old; callers at the same time share one look. */
    inventory(region: string): Promise<Inventory> {
      const now = deps.clock.now().getTime()
      const known = inventories.get(region)
      if (known !== undefined && now - known.at < inventoryAgeMs) return known.inventory
      const inventory = engine(region).inventory()
      inventories.set(region, { at: now, inventory })
      inventory.catch(() => inventories.delete(region))
      return inventory
    },
  }
}

export type Regions = ReturnType<typeof createRegions>
