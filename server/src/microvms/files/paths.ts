/** Where files of a guest are: plain functions of text. */
import { posix } from 'node:path'
import { ValidationError } from '../../errors.ts'

/** Where what is relative belongs. */
export const homeFolder = '/app'

/** Absolute, and without a way upwards. Throws {@link ValidationError} for others. */
export function pathInGuest(field: string, path: string, folder = homeFolder): string {
  const wrong = path === '' || path.includes('\0') || path.split('/').includes('..')
  if (wrong || path.length > 4096) {
    throw new ValidationError({ [field]: ['the path must not be empty nor lead upwards (..)'] })
  }
  return posix.normalize(posix.join(path.startsWith('/') ? '/' : folder, path))
}
