import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultDataDir } from '@garrison/server/default-data-dir'

/** Of the checkout that this command belongs to. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The folder that was asked for, or the one that the server would take by itself. */
export function dataFolder(asked: string | undefined): string {
  return resolve(asked ?? process.env.GARRISON_DATA ?? defaultDataDir())
}
