/** Every address that the dashboard's router knows, with the ids of what was seeded. */
import type { Person } from './browser.ts'

export type Visit = { path: string; name: string; signedIn: boolean }

const forStrangers = new Set(['/sign-in', '/sign-up', '/reset-password', '/accept'])

/**
 * @param ids What stands in the place of parameters, by the path up to them: what begins so has the same.
 * @throws When a page is not told what to show: a new one is looked at too.
 */
export async function everyPage(
  { page }: Person,
  ids: Readonly<Record<string, string>>,
): Promise<Visit[]> {
  const paths = await page.evaluate<string[]>('Object.keys(__TSR_ROUTER__.routesByPath)')
  // Every other address is shown as unknown.
  const known = paths.filter((path) => path !== '/$').map((path) => path.replace(/(.)\/$/, '$1'))
  return [...new Set(known)].sort().map((path) => {
    const [pattern = '', id] = Object.entries(ids).find(([known]) => path.startsWith(known)) ?? []
    if (path.includes('$') && id === undefined) throw new Error(`Say what ${path} is to show`)
    return {
      path: id === undefined ? path : path.replace(pattern, id),
      name: path === '/' ? 'overview' : path.slice(1).replaceAll(/\W+/g, '-'),
      signedIn: !forStrangers.has(path),
    }
  })
}
