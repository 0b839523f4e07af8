/**
 * MicroVMs by the engine itself, without the server above it: from asking to running, to the first command
 * answered, in crowds, copied, and what an idle one holds. Beside each start stands what a warm machine takes for the same
 * command, so that a busy host shows in both.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSpec, microvmSpec } from '@garrison/engines/contract/microvms'
import { QemuEngine } from '@garrison/engines/qemu/engine'
import type { QemuMicrovms } from '@garrison/engines/qemu/microvm/microvms'
import { Networks } from '@garrison/engines/qemu/network/networks'
import { findProcesses } from '@garrison/engines/qemu/process/processes'
import { ImageStore } from '@garrison/guest/image-store'
import { MicrovmKits } from '@garrison/guest/microvm/kit'
import { residentMb } from '../memory.ts'
import { percentile, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const CODE = { language: 'python', code: 'print(6 * 7)', timeoutMs: 60_000 } as const
const MEBIBYTES = [0, 32, 96]
const CROWDS = [20, 50]
const IDLE = 5

type Site = {
  readonly microvms: QemuMicrovms
  readonly mark: string
  readonly snapshot: string
  order(): { operation: string; fence: number }
}

/** @param rounds Of starts one at a time. */
export async function measureMicrovms(
  cacheDir: string,
  rounds: number,
  progress: (line: string) => void,
): Promise<Measured[]> {
  const mark = randomBytes(3).toString('hex')
  const dataDir = await mkdtemp(join(tmpdir(), 'garrison-bench-microvms-'))
  await chmod(dataDir, 0o711)
  const microvmKits = new MicrovmKits({ cacheDir, report: progress })
  const osImages = new ImageStore({ cacheDir })
  const microvmPool = { each: 20, all: 20 }
  const engine = new QemuEngine({
    dataDir,
    mark,
    osImages,
    log: () => {},
    microvmKits,
    microvmPool,
  })
  let fence = 0
  const order = () => ({ operation: randomUUID(), fence: ++fence })
  try {
    await engine.start()
    const { microvms } = engine
    if (microvms === undefined) throw new Error('The engine has no microVMs')
    progress('MicroVMs: a snapshot')
    const built = buildSpec({ commands: [], limitMs: 600_000 })
    await microvms.buildMicrovmSnapshot(built, () => {}, order())
    const site = { microvms, mark, order, snapshot: built.id }
    return [
      ...(await measureStarts(site, rounds, progress)),
      ...(await measureCrowds(site, progress)),
      ...(await measureCopies(site, progress)),
      await measureIdle(site),
    ]
  } finally {
    const { microvms } = engine
    for (const { id } of (await microvms?.microvmHoldings())?.microvms ?? [])
      await microvms?.ensureMicrovmGone(id, order())
    await engine.close()
    await new Networks({ dir: join(dataDir, 'networks'), mark, log: () => {} }).destroy()
    await rm(dataDir, { recursive: true })
  }
}

async function start({ microvms, snapshot, order }: Site, overrides: { memoryMib?: number } = {}) {
  const spec = microvmSpec({ snapshot, ...overrides })
  const began = performance.now()
  const { start: how } = await microvms.ensureMicrovm(spec, order())
  await microvms.execute(spec.id, CODE)
  return { id: spec.id, how, ms: performance.now() - began }
}

async function measureStarts(site: Site, rounds: number, progress: (line: string) => void) {
  const { microvms, order } = site
  const host: number[] = []
  const commands: number[] = []
  const warm: number[] = []
  const bare: number[] = []
  await microvms.ensureMicrovmGone((await start(site)).id, order())
  for (let round = 1; round <= rounds; round++) {
    if (round % 10 === 1) progress(`MicroVMs: start ${round} of ${rounds}`)
    await microvms.fillPool()
    const { id, how, ms } = await start(site)
    ;(how.pooled ? host : bare).push(how.hostMs)
    commands.push(ms)
    const again = performance.now()
    await microvms.execute(id, CODE)
    warm.push(performance.now() - again)
    await microvms.ensureMicrovmGone(id, order())
  }
  progress('MicroVMs: cold boot')
  const cold = await start(site, { memoryMib: 320 })
  await microvms.ensureMicrovmGone(cold.id, order())
  const floor = { ...summarize(warm), what: 'the same command once more' }
  const tail = (samples: readonly number[]) =>
    `p95 ${percentile(samples, 95).toFixed(1)} ms, p99 ${percentile(samples, 99).toFixed(1)} ms`
  return [
    row('microVM: asked to running', host, null, `${tail(host)}; from the pool`),
    row('microVM: asked to first command', commands, floor, tail(commands)),
    row('microVM: cold boot to first command', [cold.ms], null),
  ]
}

async function measureCrowds(site: Site, progress: (line: string) => void) {
  const rows: Measured[] = []
  for (const size of CROWDS) {
    progress(`MicroVMs: ${size} at once`)
    await site.microvms.fillPool()
    const began = performance.now()
    const started = await Promise.allSettled(Array.from({ length: size }, () => start(site)))
    const ms = performance.now() - began
    const good = started.filter((each) => each.status === 'fulfilled')
    const pooled = good.filter(({ value }) => value.how.pooled).length
    const note = `${good.length} of ${size} succeeded, ${pooled} from the pool`
    rows.push(row(`microVM: ${size} at once, first commands`, [ms], null, note))
    await Promise.all(
      good.map(({ value }) => site.microvms.ensureMicrovmGone(value.id, site.order())),
    )
  }
  return rows
}

async function measureCopies(site: Site, progress: (line: string) => void) {
  const { microvms, order } = site
  const rows: Measured[] = []
  for (const size of MEBIBYTES) {
    progress(`MicroVMs: a snapshot of one that changed ${size} MiB`)
    const { id } = await start(site)
    const code = `kept = b"x" * ${size * 2 ** 20}`
    await microvms.execute(id, { language: 'python', code, timeoutMs: 60_000 })
    const snapshot = randomUUID()
    const began = performance.now()
    const { pausedMs } = await microvms.ensureMicrovmSnapshot(id, snapshot, order())
    const ms = performance.now() - began
    const copy = await start({ ...site, snapshot })
    const note = `it stood still for ${pausedMs.toFixed(1)} ms; its copy answered in ${copy.ms.toFixed(0)} ms`
    rows.push(row(`microVM: snapshot, ${size} MiB changed`, [ms], null, note))
    for (const each of [id, copy.id]) await microvms.ensureMicrovmGone(each, order())
    await microvms.ensureMicrovmSnapshotGone(snapshot, order())
  }
  return rows
}

async function measureIdle(site: Site): Promise<Measured> {
  const machines = await Promise.all(Array.from({ length: IDLE }, () => start(site)))
  const processes = await findProcesses(`garrison-pool-${site.mark}-`)
  const sizes = await Promise.all(processes.map(({ pid }) => residentMb([pid])))
  const largest = sizes.sort((one, other) => other - one).slice(0, IDLE)
  await Promise.all(machines.map(({ id }) => site.microvms.ensureMicrovmGone(id, site.order())))
  return {
    figure: 'microVM: memory of an idle one',
    unit: 'MB',
    value: summarize(largest),
    floor: null,
  }
}

function row(
  figure: string,
  samples: readonly number[],
  floor: Measured['floor'],
  note?: string,
): Measured {
  const base = { figure, unit: 'ms' as const, value: summarize(samples), floor }
  return note === undefined ? base : { ...base, note }
}
