import { availableParallelism } from 'node:os'
import { defaultExclude, defineConfig } from 'vitest/config'
import {
  BaseSequencer,
  type Reporter,
  type TestCase,
  type TestModule,
  type TestSpecification,
} from 'vitest/node'

const system = '**/*.system.test.ts'
const long = '**/*.long.test.ts'

/** Where the time went, so that a slow test is noticed while it is new. */
const slowestTests: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const duration = (test: TestCase) => test.diagnostic()?.duration ?? 0
    const slowest = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => duration(test) >= 300)
      .sort((a, b) => duration(b) - duration(a))
      .slice(0, 10)
    if (slowest.length === 0) return
    const lines = slowest.map(
      (test) =>
        `${(duration(test) / 1000).toFixed(1).padStart(7)} s  ${test.module.relativeModuleId}  ${test.fullName}`,
    )
    process.stdout.write(`\n Slowest tests\n${lines.join('\n')}\n`)
  },
}

/** Begun last, they would have the machine to themselves; where nothing is known of times, files go by size. */
const longest = [
  'engines/qemu/contract.system.test.ts',
  'e2e/dashboard.system.test.ts',
  'guest/garrison-small.system.test.ts',
  'engines/qemu/microvm/microvms.system.test.ts',
  'e2e/microvms.system.test.ts',
  'e2e/by-the-clock.system.test.ts',
  'e2e/dashboard-deploy.system.test.ts',
  'e2e/dashboard-microvms.system.test.ts',
]
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((file) => moduleId.endsWith(file))
      return place < 0 ? longest.length : place
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    reporters: ['default', slowestTests],
    sequence: { sequencer: LongestFirst },
    globalSetup: 'server/src/database/testing-setup.ts',
    projects: [
      // Files share a process and what it has imported, which was most of their time: whatever a test
      // changes outside of its own file (environment, timers, methods of ours) it puts back, and none
      // mocks a module.
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [...defaultExclude, system, long],
          // Vitest leaves a core free; the database, which needs it, waits for the tests half of the time.
          maxWorkers: availableParallelism(),
          // What hangs is to fail, and what is merely slow, on a busy host, is not.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // Real machines, networks and users: each file in a process of its own, with an installation of its
      // own. One more than two cores can carry, since each waits for something now and then.
      ...[
        { name: 'system', include: [system], timeout: 180_000, groupOrder: 1 },
        { name: 'long', include: [long], timeout: 1_800_000, groupOrder: 2 },
      ].map(({ name, include, timeout, groupOrder }) => ({
        extends: true as const,
        test: {
          name,
          include,
          pool: 'forks' as const,
          maxWorkers: 3,
          sequence: { groupOrder },
          testTimeout: timeout,
          hookTimeout: timeout,
        },
      })),
    ],
  },
})
