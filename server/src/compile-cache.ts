/**
 * What V8 made of our sources, and Node of their types, kept between starts: half of a start is that work.
 * The folder is the user's, as it holds code that runs. Nothing is ever to be cleared: Node gives each of its
 * versions and each user a folder of its own in it, and ignores what does not fit its source.
 */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** To be called before what is to be kept is imported. Where nothing can be kept, nothing is. */
export function keepCompiledCode(env = process.env) {
  enableCompileCache(cacheFolder(env))
}

function cacheFolder(env: NodeJS.ProcessEnv) {
  if (env.NODE_COMPILE_CACHE) return env.NODE_COMPILE_CACHE
  if (process.getuid?.() === 0) return '/var/cache/garrison/compiled'
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'garrison/compiled')
}

/** A process that is killed writes nothing down. */
export const writeCompiledCode = flushCompileCache
