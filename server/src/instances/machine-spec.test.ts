import { describe, expect, it } from 'vitest'
import { hostname } from './machine-spec.ts'
import { sshCommand } from './view.ts'

describe('the host name of a machine', () => {
  it.each([
    ['web-1', 'web-1'],
    ['Web_1', 'web-1'],
    ['My  little.VM', 'my-little-vm'],
    ['-.-web-.-', 'web'],
    ['9to5', '9to5'],
    ['x'.repeat(50), 'x'.repeat(50)],
  ])('is made of %j: %s', (name, expected) => {
    expect(hostname(name, 'BRK-123456D')).toBe(expected)
  })

  it('is its id when nothing of the name can be used', () => {
    expect(hostname('._.', 'BRK-123456D')).toBe('brk-123456d')
  })
})

describe('the command to log in', () => {
  it('names a port only when it is another', () => {
    expect(sshCommand('root', { host: '10.77.1.5', port: 22 })).toBe('ssh root@10.77.1.5')
    expect(sshCommand('root', { host: '127.0.0.1', port: 2222 })).toBe('ssh -p 2222 root@127.0.0.1')
  })
})
