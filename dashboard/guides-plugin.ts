import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'
import { compileGuide, sectionsOf } from './src/help/compile.ts'

/** A guide is a module: its text as data, or with `?sections` what the search looks through. */
export const guidesPlugin = (): Plugin => ({
  name: 'guides',
  enforce: 'pre',
  async load(id) {
    const [path = '', query] = id.split('?')
    if (!path.endsWith('.md')) return null
    this.addWatchFile(path)
    const nodes = compileGuide(await readFile(path, 'utf8'))
    return {
      code: `export default ${JSON.stringify(query === 'sections' ? sectionsOf(nodes) : nodes)}`,
      moduleType: 'js',
    }
  },
})
