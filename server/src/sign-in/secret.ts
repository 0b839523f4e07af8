import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../data-folder.ts'

/**
 * What cookies are signed with. In the data folder rather than in the database, so that whoever reads
 * a copy of that has no session yet.
 */
export function signInSecret(dataDir: string): string {
  const file = join(dataDir, 'sign-in-secret')
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret.length >= 32) return secret
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const made = randomBytes(32).toString('hex')
  replaceFile(file, `${made}\n`, 0o600)
  return made
}
