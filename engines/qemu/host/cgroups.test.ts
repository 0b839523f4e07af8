import { describe, expect, test } from 'vitest'
import { hierarchyOf, overheadMib } from './cgroups.ts'

const V1 = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
`
const V2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n'

describe('control groups', () => {
  test('are of version 2 where it has the controllers', () => {
    expect(hierarchyOf(V2, 'cpuset cpu io memory hugetlb pids\n')).toEqual({
      version: 2,
      root: '/sys/fs/cgroup',
    })
  })

  test('are of version 1 where version 2 is mounted without them', () => {
    expect(
      hierarchyOf(`${V1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`, 'hugetlb\n'),
    ).toEqual({
      version: 1,
      roots: {
        cpu: '/sys/fs/cgroup/cpu,cpuacct',
        memory: '/sys/fs/cgroup/memory',
        pids: '/sys/fs/cgroup/pids',
      },
    })
  })

  test('are none where a controller is missing', () => {
    expect(hierarchyOf(V2, 'memory\n')).toBeNull()
    expect(hierarchyOf('', '')).toBeNull()
  })
})

test('QEMU gets room for translated code, for itself and for its maps of the guest', () => {
  expect(overheadMib(2_048, 16_384)).toBe(1_024 + 512 + 64)
  expect(overheadMib(512, 4_096)).toBe(512 + 512 + 16)
})
