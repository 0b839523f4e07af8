/** Milliseconds from the order for a machine to what its owner waits for. */
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

export type StartTimes = {
  /** Its virtual CPUs run. */
  readonly active: number
  /** Its SSH server says its name. */
  readonly banner: number
  /** `ssh true` has come back. */
  readonly login: number
}

const names = {
  active: 'ACTIVE',
  banner: 'SSH banner',
  login: 'SSH login',
} as const

export function startTimeRows(
  verb: string,
  times: readonly StartTimes[],
  floors: readonly StartTimes[],
  what: string,
): Measured[] {
  return (['active', 'banner', 'login'] as const).map((name) => {
    const divisor = name === 'active' ? 1 : 1_000
    const of = (all: readonly StartTimes[]) => summarize(all.map((each) => each[name] / divisor))
    return {
      figure: `${verb} to ${names[name]}`,
      unit: name === 'active' ? 'ms' : 's',
      value: of(times),
      floor: { ...of(floors), what },
    }
  })
}
