import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { replaceFile } from '../../data-folder.ts'
import { fingerprintOf } from '../../ssh-keys/public-key.ts'

/**
 * What clients know this installation by: made once, and kept in the data folder, so that it is in a copy
 * of that. A file that is there and cannot be read is never replaced.
 */
export function sshHostKey(dataDir: string): string {
  const file = join(dataDir, 'ssh-host-key')
  try {
    const kept = readFileSync(file, 'utf8')
    if (isReadable(kept)) return kept
    throw new Error(
      `${file} holds no SSH key; put back a copy of it, or remove it to have one made`,
    )
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const made = newKey()
  replaceFile(file, made, 0o600)
  return made
}

/** One in some three hundred that ssh2 makes is written so that nobody can read it again. */
export function newKey(): string {
  for (;;) {
    const { private: made } = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'garrison' })
    if (isReadable(made)) return made
  }
}

export function isReadable(text: string): boolean {
  const parsed = ssh2.utils.parseKey(text)
  return !(parsed instanceof Error) && parsed.isPrivateKey()
}

/** `SHA256:…`, by which people know the key again. Throws when the text is none. */
export function hostKeyFingerprint(text: string): string {
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) throw parsed
  return fingerprintOf(parsed.getPublicSSH())
}
