/** The key by which clients know this installation again. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { expect, it } from 'vitest'
import { parsePublicKey } from '../../ssh-keys/public-key.ts'
import { hostKeyFingerprint, isReadable, newKey, sshHostKey } from './host-key.ts'

const { utils } = ssh2

it('has the fingerprint that ssh-keygen prints', () => {
  const text = newKey()
  const parsed = utils.parseKey(text)
  if (parsed instanceof Error) throw parsed
  const line = `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`
  expect(parsePublicKey(line)).toMatchObject({ fingerprint: hostKeyFingerprint(text) })
})

it('can always be read again', () => {
  const made = Array.from({ length: 1500 }, newKey)
  expect(made.filter((key) => !isReadable(key))).toEqual([])
})

it('is made once, is its own alone to read, and is never replaced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'garrison-ssh-'))
  try {
    const made = sshHostKey(folder)
    const file = join(folder, 'ssh-host-key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(sshHostKey(folder)).toBe(made)
    writeFileSync(file, 'broken')
    expect(() => sshHostKey(folder)).toThrow(/holds no SSH key/)
    expect(readFileSync(file, 'utf8')).toBe('broken')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
