/**
 * What every engine must do, as one suite of tests. An engine's own test file calls
 * {@link describeEngine} with a way to make a world; what is special about the engine is tested beside it.
 *
 * Boots are dear on real machines: tests of one section share a machine where that does not blur the
 * reason of a failure, each of them first brings it where it needs it, and only those that speak
 * of the guest wait for the guest.
 */
import { afterAll, beforeAll, describe } from 'vitest'
import { describeAddresses } from './contract/addresses.ts'
import { describeConsole } from './contract/console.ts'
import { describeCrowds } from './contract/crowds.ts'
import { describeFences } from './contract/fences.ts'
import { describeFirewall } from './contract/firewall.ts'
import { describeHibernation } from './contract/hibernation.ts'
import { describeHoldings } from './contract/holdings.ts'
import { describeMachine } from './contract/machine.ts'
import { describeMemorySnapshots } from './contract/memory-snapshots.ts'
import { describePublicAddresses } from './contract/public-addresses.ts'
import { describeReopening } from './contract/reopening.ts'
import { describeRollback } from './contract/rollback.ts'
import { type EngineWorld, LIMIT_MS, Site } from './contract/site.ts'
import { describeSnapshots } from './contract/snapshots.ts'
import { describeStartupLog } from './contract/startup-log.ts'
import { describeTransfer } from './contract/transfer.ts'
import { describeUnknown } from './contract/unknown.ts'
import { describeVolumes } from './contract/volumes.ts'

export type { EngineWorld } from './contract/site.ts'

/** Tests that `name` behaves as an engine. `makeWorld` is called once. */
export function describeEngine(name: string, makeWorld: () => Promise<EngineWorld>): void {
  describe(`${name} engine`, { timeout: LIMIT_MS }, () => {
    const site = new Site()
    beforeAll(async () => site.open(await makeWorld()), LIMIT_MS)
    afterAll(() => site.close(), LIMIT_MS)

    describe('a machine', () => describeMachine(site))
    describe('asked about things it never heard of', () => describeUnknown(site))
    describe('snapshots and images', () => describeSnapshots(site))
    describe('rolled back to a snapshot', () => describeRollback(site))
    describe('exports and imports', () => describeTransfer(site))
    describe('addresses', () => describeAddresses(site))
    describe('public addresses', () => describePublicAddresses(site))
    describe('the firewall of a machine', () => describeFirewall(site))
    describe('hibernation', () => describeHibernation(site))
    describe('the console of a machine', () => describeConsole(site))
    describe('the startup log of a machine', () => describeStartupLog(site))
    describe('volumes', () => describeVolumes(site))
    describe('snapshots with memory', () => describeMemorySnapshots(site))
    describe('fences', () => describeFences(site))
    describe('opened again after a crash', () => describeReopening(site))
    describe('asked for many things at once', () => describeCrowds(site))
    describe('holdings', () => describeHoldings(site))
  })
}
