/** Every address that the dashboard's router knows, with the ids of what was seeded. */
import { globSync, readFileSync } from 'node:fs'

const sources = new URL('../../dashboard/src', import.meta.url).pathname

export type Visit = { path: string; name: string; signedIn: boolean; expected?: RegExp }

/** Areas whose pages stand inside another's. */
const inside: Readonly<Record<string, string>> = {
  console: '/instances/$id',
  instances: '/instances/$id',
}
const forStrangers = new Set(['/sign-in', '/sign-up', '/reset-password', '/accept'])

/** `ids`: what to put in the place of a parameter, by the path that has it. */
export function everyPage(ids: Readonly<Record<string, string>>): Visit[] {
  const paths = globSync('*/routes.ts', { cwd: sources }).flatMap((file) => {
    const area = file.split('/')[0] ?? ''
    const text = readFileSync(`${sources}/${file}`, 'utf8')
    return [...text.matchAll(/\bpath: '([^']+)'/g)].map(([, path = '']) => {
      const outer = inside[area]
      const full = outer === undefined || path.startsWith('/instances') ? path : outer + path
      return full === '/' ? full : full.replace(/\/$/, '')
    })
  })
  return [...new Set(paths)].sort().map((path) => {
    const id = ids[path] ?? ids[path.split('/').slice(0, 3).join('/')]
    if (path.includes('$') && id === undefined) throw new Error(`Say what ${path} is to show`)
    return {
      path: path.replace(/\$\w+/, id ?? ''),
      name: path === '/' ? 'overview' : path.slice(1).replaceAll(/\W+/g, '-'),
      signedIn: !forStrangers.has(path),
    }
  })
}
