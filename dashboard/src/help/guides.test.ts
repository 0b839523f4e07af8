/** Every guide is there, says something, and leads nowhere but to what there is. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileGuide, type GuideNode } from './compile.ts'
import { guides } from './guides.ts'

const here = import.meta.dirname
const sources = join(here, '..')
const textOf = (name: string) =>
  compileGuide(readFileSync(join(here, 'guides', `${name}.md`), 'utf8'))
const texts = new Map(guides.map(({ name }) => [name as string, textOf(name)]))

const flat = (nodes: readonly GuideNode[]): readonly GuideNode[] =>
  nodes.flatMap((node) =>
    typeof node !== 'string' && 'children' in node ? [node, ...flat(node.children)] : [node],
  )
const hrefsOf = (name: string) =>
  flat(texts.get(name) ?? []).flatMap((node) =>
    typeof node !== 'string' && 'href' in node ? [node.href] : [],
  )
const anchorsOf = (name: string) =>
  (texts.get(name) ?? []).flatMap((node) =>
    typeof node !== 'string' && 'id' in node ? [node.id] : [],
  )

const files = (ending: string) =>
  readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith(ending),
  )
const read = (file: string) => readFileSync(join(sources, file), 'utf8')

/** As the areas' routes have them; those of a tab begin with what they stand in. */
const paths = files('routes.ts').flatMap((file) =>
  [...read(file).matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path),
)
const isPage = (path: string) =>
  paths.includes(path) ||
  paths.some((frame) => path.startsWith(frame) && paths.includes(path.slice(frame.length)))

/** Barrack's documentation names these; ours are beside them. */
const named = [
  'getting-started',
  'authentication',
  'account',
  'api-keys',
  'gpu-models',
  'regions',
  'os-images',
  'boot-sources',
  'deploying',
  'managing-instances',
  'hibernation',
  'states-and-billing',
  'create-ssh-key',
  'import-ssh-key',
  'manage-ssh-keys',
  'create-volume',
  'list-volumes',
  'attach-volume',
  'detach-volume',
  'clone-volume',
  'resize-volume',
  'delete-volume',
  'network-and-security',
  'startup-scripts',
  'firewalls',
  'firewall-rules',
  'create-snapshot',
  'manage-snapshots',
  'restore-snapshot',
  'snapshot-practice',
  'custom-images',
  'credits',
  'depletion',
  'connecting',
  'dashboard',
  'assistant',
  'troubleshooting',
] as const

describe('the guides', () => {
  it('are all there, once, and nothing else is', () => {
    const names = guides.map(({ name }) => name as string)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining([...named]))
    const written = readdirSync(join(here, 'guides')).map((file) => file.replace(/\.md$/, ''))
    expect(written.toSorted()).toEqual(names.toSorted())
  })

  it.each(guides)('$name leads to what there is', ({ name, place }) => {
    for (const href of [...hrefsOf(name), ...(place ? [place[0]] : [])]) {
      if (/^https:\/\/|^\/docs$|^\/openapi\.json$/.test(href)) continue
      const [path = '', anchor] = href.split('#')
      const guide = /^\/help\/(.+)$/.exec(path)?.[1]
      if (guide === undefined) {
        expect(isPage(path), `${href} is a page`).toBe(true)
      } else {
        expect(texts.has(guide), `${href} is a guide`).toBe(true)
        if (anchor !== undefined) expect(anchorsOf(guide), href).toContain(anchor)
      }
    }
  })

  it.each(guides)('$name has headings of its own', ({ name }) => {
    const anchors = anchorsOf(name)
    expect(new Set(anchors).size).toBe(anchors.length)
    expect(
      flat(texts.get(name) ?? []).filter((node) => typeof node === 'string').length,
    ).toBeGreaterThan(3)
  })
})

describe('the pages', () => {
  /** `guide` is required, so only what is no page at all may have none. */
  it('each have a guide', () => {
    const without = files('.tsx').filter((file) => /guide={null}/.test(read(file)))
    expect(without).toEqual(['shell/failures.tsx'])
  })
})
