/** Alone in its file: commands that only need to know where to look need not load all of the configuration. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** `/var/lib/garrison` for root, the user's own data folder otherwise. */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>> = process.env) {
  if (process.getuid?.() === 0) return '/var/lib/garrison'
  return join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'garrison')
}
