import { describe, expect, it } from 'vitest'
import { newestKernel } from './build-packages.ts'

describe('newestKernel', () => {
  it('is the package that a Debian kernel package depends on', () => {
    const depends = 'linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-40-cloud-amd64\n'
    expect(newestKernel(depends)).toBe('linux-image-6.1.0-40-cloud-amd64')
  })

  it('is told from other packages that Ubuntu adds', () => {
    const depends =
      'linux-image-virtual\n  Depends: linux-base\n  Depends: linux-image-6.8.0-88-generic\n'
    expect(newestKernel(depends)).toBe('linux-image-6.8.0-88-generic')
  })

  it('is unknown where apt has no package lists', () => {
    expect(newestKernel('')).toBeNull()
  })
})
