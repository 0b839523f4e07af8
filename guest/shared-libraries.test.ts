import { describe, expect, it } from 'vitest'
import { sortLibraries } from './shared-libraries.ts'

describe('sortLibraries', () => {
  it('finds libraries in the folders', () => {
    const listed = [
      '\tlinux-vdso.so.1 (0x00007ffe)',
      '\tlibz.so.1 => /p/zlib1g/lib/libz.so.1 (0x00007f01)',
      '\tlibc.so.6 => /p/libc6/lib/libc.so.6 (0x00007f02)',
      '\t/lib64/ld-linux-x86-64.so.2 => /p/libc6/lib/ld-linux-x86-64.so.2 (0x00007f03)',
    ].join('\n')
    expect(sortLibraries(listed, ['/p/zlib1g/lib', '/p/libc6/lib'])).toEqual({
      found: ['/p/zlib1g/lib/libz.so.1', '/p/libc6/lib/libc.so.6'],
      foreign: [],
    })
  })

  it('tells which are missing or would come from the host', () => {
    const listed = [
      '\tlibz.so.1 => not found',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)',
    ].join('\n')
    expect(sortLibraries(listed, ['/p/libc6/lib']).foreign).toEqual(['libz.so.1', 'libm.so.6'])
  })
})
