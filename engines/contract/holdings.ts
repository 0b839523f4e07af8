import { expect, test } from 'vitest'
import type { Site } from './site.ts'

export function describeHoldings(site: Site): void {
  test('name all that is held, and are empty when all of it is gone', async (context) => {
    site.skipWithoutSnapshots(context)
    const spec = await site.deploy()
    const snapshot = await site.snapshot(spec)
    const image = await site.image(snapshot)
    const { publicAddress } = site.engine.capabilities()
    if (publicAddress) await site.engine.ensurePublicAddress(spec.id, spec.tenant, site.order())
    expect(await site.held()).toEqual({
      machines: [`${spec.id} running`],
      addresses: [spec.id],
      publicAddresses: publicAddress ? [spec.id] : [],
      snapshots: [snapshot],
      images: [image],
      volumes: [],
      exports: [],
      uploads: [],
    })

    await site.clear()
    expect(await site.held()).toEqual({
      machines: [],
      addresses: [],
      publicAddresses: [],
      snapshots: [],
      images: [],
      volumes: [],
      exports: [],
      uploads: [],
    })
  })
}
