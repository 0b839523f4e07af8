import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Failure } from '../failure.ts'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import { hasFreshLists } from './apt.ts'
import { ensurePackages } from './ensure-packages.ts'
import { type HostPackage, hostPackages } from './packages.ts'

/** A host where the first packages are missing until they are installed. */
function host({ tty = false, works = true } = {}) {
  const fake = fakeTerminal({ tty })
  let missing: readonly HostPackage[] = hostPackages.slice(0, 2)
  const install = vi.fn(async () => {
    if (works) missing = []
  })
  const steps = { missing: () => [...missing], install }
  const ensure = (consent: { isRoot: boolean; yes: boolean }) =>
    ensurePackages(fake.terminal, consent, steps).then(
      () => null,
      (error: unknown) => (error instanceof Failure ? [error.message, ...error.advice] : error),
    )
  return { ...fake, install, ensure }
}

const line =
  'Run as root:  apt-get update && apt-get install --no-install-recommends qemu-system-x86 qemu-utils'

describe('missing packages', () => {
  it('are installed when root says yes beforehand', async () => {
    const { ensure, install } = host()
    expect(await ensure({ isRoot: true, yes: true })).toBeNull()
    expect(install).toHaveBeenCalledOnce()
  })

  it('are left alone, with the line to run, when nobody can be asked', async () => {
    const { ensure, install } = host()
    expect(await ensure({ isRoot: true, yes: false })).toEqual([
      '2 packages of this host are missing',
      line,
    ])
    expect(install).not.toHaveBeenCalled()
  })

  it('are left alone, with the line to run, without root', async () => {
    const { ensure, install } = host({ tty: true })
    expect(await ensure({ isRoot: false, yes: true })).toContain(line)
    expect(install).not.toHaveBeenCalled()
  })

  it.each([
    ['y', 1],
    ['n', 0],
  ])('are asked for on a terminal: %s', async (answer, installs) => {
    const { ensure, install, type } = host({ tty: true })
    const ensured = ensure({ isRoot: true, yes: false })
    await pause(0)
    type(answer)
    await ensured
    expect(install).toHaveBeenCalledTimes(installs)
  })

  it('that are missing still name their programs', async () => {
    const { ensure } = host({ works: false })
    const [message] = (await ensure({ isRoot: true, yes: true })) as string[]
    expect(message).toContain('qemu-system-x86_64, qemu-img')
  })
})

describe('package lists', () => {
  let lists: string
  const now = Date.now()
  beforeEach(() => {
    lists = mkdtempSync(join(tmpdir(), 'garrison-lists-'))
    mkdirSync(join(lists, 'partial'))
  })
  afterEach(() => rmSync(lists, { recursive: true }))

  function touched(hoursAgo: number) {
    const seconds = now / 1000 - hoursAgo * 3600
    for (const folder of [lists, join(lists, 'partial')]) utimesSync(folder, seconds, seconds)
  }

  it('are stale when there are none', () => {
    expect(hasFreshLists(lists, now)).toBe(false)
    expect(hasFreshLists(join(lists, 'nowhere'), now)).toBe(false)
  })

  it('are fresh for a day', () => {
    writeFileSync(
      join(lists, 'deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages'),
      '',
    )
    touched(23)
    expect(hasFreshLists(lists, now)).toBe(true)
    touched(25)
    expect(hasFreshLists(lists, now)).toBe(false)
  })
})
