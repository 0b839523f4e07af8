import { vmName } from '@garrison/contract/microvms/facts'
import { describe, expect, it } from 'vitest'
import { linesOf, memoryWords, readEnvironment, readMetadata, whyNotVm } from './vm.ts'

describe('a microVM', () => {
  it('is called by the name in its metadata, and by its id without one', () => {
    expect(vmName({ vm_id: 'vm_1', metadata: { name: 'alpha' } })).toBe('alpha')
    for (const metadata of [{}, { name: '  ' }, { name: 7 }])
      expect(vmName({ vm_id: 'vm_1', metadata })).toBe('vm_1')
  })

  it('says why something cannot be done with it now', () => {
    expect(whyNotVm('suspend', 'running')).toBeNull()
    expect(whyNotVm('execute', 'suspended')).toMatch(/resume it first/)
    expect(whyNotVm('snapshot', 'starting')).toMatch(/wait/)
    expect(whyNotVm('resume', 'running')).toBe('It is running and cannot be resumed')
    expect(whyNotVm('change', 'terminated')).toBe('It has ended')
    expect(whyNotVm('delete', 'failed')).toBeNull()
  })

  it.each([
    [512, '512 MB'],
    [2048, '2 GB'],
    [1000, '1000 MB'],
  ])('has %d MB of memory as %s', (mb, words) => expect(memoryWords(mb)).toBe(words))
})

describe('an environment', () => {
  it('is read line by line, and keeps what is behind the first equals sign', () => {
    const { pairs } = readEnvironment('A=1\n\n# note\nB_2=x=y z\nEMPTY=')
    expect(pairs).toEqual({ A: '1', B_2: 'x=y z', EMPTY: '' })
  })

  it.each(['A=1\n2B=x', 'A=1\nnothing'])('tells which line is wrong: %j', (text) => {
    expect(readEnvironment(text)).toEqual({ pairs: null, problem: 'Line 2 must read NAME=value.' })
  })
})

it('metadata have any names', () => {
  expect(readMetadata('task = tests\nteam-1=a=b').pairs).toEqual({ task: 'tests', 'team-1': 'a=b' })
  expect(readMetadata('=x').problem).toBe('Line 1 must read NAME=value.')
})

it('lists are read by lines, spaces and commas', () => {
  expect(linesOf(' a.com\n\nb.com, c.com ')).toEqual(['a.com', 'b.com', 'c.com'])
  expect(linesOf('')).toEqual([])
})
