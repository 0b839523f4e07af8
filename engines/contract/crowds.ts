import { afterEach, expect, test } from 'vitest'
import { LIMIT_MS, type Site } from './site.ts'

export function describeCrowds(site: Site): void {
  afterEach(() => site.clear(), LIMIT_MS)

  test('runs each of many machines once', async () => {
    const specs = await Promise.all(site.crowd().map(() => site.deploy()))
    const { machines } = await site.held()
    expect(machines).toEqual(specs.map((spec) => `${spec.id} running`).sort())
  })

  test('runs one machine once, however many ask', async () => {
    const [spec, order] = [await site.reserve(), site.order()]
    await Promise.all(site.crowd().map(() => site.engine.ensureMachine(spec, order)))
    const { machines } = await site.held()
    expect(machines).toEqual([`${spec.id} running`])
  })

  test('takes one snapshot, however many ask', async (context) => {
    site.skipWithoutSnapshots(context)
    const [spec, snapshot, order] = [await site.deploy(), site.newSnapshot(), site.order()]
    const results = await Promise.all(
      site
        .crowd()
        .map(() => site.engine.ensureSnapshot(spec.id, snapshot, { memory: false }, order)),
    )
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
  })

  test('removes many machines', async () => {
    const specs = await Promise.all(site.crowd().map(() => site.deploy()))
    await Promise.all(specs.map((spec) => site.engine.ensureGone(spec.id, site.order())))
    const { machines } = await site.held()
    expect(machines).toEqual([])
  })
}
