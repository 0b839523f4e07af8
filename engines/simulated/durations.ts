/** How long a simulated machine takes for what, in milliseconds of the engine's clock. */
export type Durations = {
  /** A new machine's disk. */
  readonly create: number
  /** From a new disk to running virtual CPUs. */
  readonly build: number
  readonly start: number
  /** A guest that obeys the request to shut down. */
  readonly stop: number
  readonly reboot: number
  readonly hibernate: number
  /** From hibernation to running virtual CPUs. */
  readonly resume: number
  readonly delete: number
  readonly snapshot: number
  readonly rollback: number
  readonly export: number
  readonly import: number
  readonly image: number
  readonly volume: number
  /** Of volumes, to a machine or off it. */
  readonly attach: number
  /** From running virtual CPUs to a guest that reports itself up. Goes on in the background. */
  readonly boot: number
}

const DEMO: Durations = {
  create: 2_000,
  build: 6_000,
  start: 3_000,
  stop: 3_000,
  reboot: 4_000,
  hibernate: 8_000,
  resume: 8_000,
  delete: 3_000,
  snapshot: 10_000,
  rollback: 2_000,
  export: 10_000,
  import: 10_000,
  image: 10_000,
  volume: 3_000,
  attach: 2_000,
  boot: 5_000,
}

/** What a demo shows, times `factor`; 0 leaves no waiting at all, for tests. */
export function scaledDurations(factor: number): Durations {
  return {
    create: DEMO.create * factor,
    build: DEMO.build * factor,
    start: DEMO.start * factor,
    stop: DEMO.stop * factor,
    reboot: DEMO.reboot * factor,
    hibernate: DEMO.hibernate * factor,
    resume: DEMO.resume * factor,
    delete: DEMO.delete * factor,
    snapshot: DEMO.snapshot * factor,
    rollback: DEMO.rollback * factor,
    export: DEMO.export * factor,
    import: DEMO.import * factor,
    image: DEMO.image * factor,
    volume: DEMO.volume * factor,
    attach: DEMO.attach * factor,
    boot: DEMO.boot * factor,
  }
}
