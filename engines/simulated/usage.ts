/** Made-up counters that look like a machine with a day: they follow the clock and nothing else. */
import type { MachineCounters } from '../engine.ts'
import type { MachineRecord } from './state.ts'

const DAY_SECONDS = 24 * 3600
/** Over a day, the share of one processor that is busy. */
const BUSY_SHARE = 0.3
const BUSY_SWING = 0.2

/** @param now Milliseconds since 1970. */
export function simulatedUsage(machine: MachineRecord, now: number): MachineCounters {
  const seconds = now / 1000
  const angle = (2 * Math.PI * seconds) / DAY_SECONDS
  const share = BUSY_SHARE + BUSY_SWING * Math.sin(angle)
  // The integral of the share over time, so that the rate between two looks is the share.
  const busySeconds =
    BUSY_SHARE * seconds - ((BUSY_SWING * DAY_SECONDS) / (2 * Math.PI)) * Math.cos(angle)
  const bytes = machine.memoryMib * 2 ** 20
  const perBusySecond = (rate: number) => Math.round(rate * busySeconds)
  return {
    epoch: machine.power.on ? String(machine.power.guestUpAt) : 'off',
    cpuSeconds: busySeconds,
    memoryUsedBytes: Math.round(bytes * share),
    memoryTotalBytes: bytes,
    diskReadBytes: perBusySecond(200_000),
    diskWriteBytes: perBusySecond(120_000),
    diskReadOps: perBusySecond(20),
    diskWriteOps: perBusySecond(15),
    networkReceivedBytes: perBusySecond(60_000),
    networkSentBytes: perBusySecond(40_000),
    gpuPercent: machine.gpus === null ? null : Math.round(100 * share),
    gpuMemoryUsedBytes: machine.gpus === null ? null : Math.round(share * 16e9),
  }
}
