/** Names what an image is made of, so that a changed recipe is another image. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recipe } from './recipes/recipe.ts'

/**
 * 12 hexadecimal digits over the recipe, the files that go inside and the code that builds. Not over the
 * versions that apt would answer today: a built image must be found without asking anybody.
 * @param host `ID-VERSION_ID` of the distribution that the packages are from.
 */
export async function recipeHash(recipe: Recipe, host: string): Promise<string> {
  const { folder, ...data } = recipe
  const contents = await filesIn(folder)
  const code = (await readdir(import.meta.dirname)).filter(isCode).sort()
  const sources = [...contents.map((path) => join(folder, path)), ...code.map(besideThis)]
  const hash = createHash('sha256').update(JSON.stringify([host, data, contents, code]))
  for (const path of sources) {
    const { mode } = await stat(path)
    const content = await readFile(path)
    hash.update(JSON.stringify([(mode & 0o100) !== 0, content.length])).update(content)
  }
  return hash.digest('hex').slice(0, 12)
}

/** As short, over whatever decides which packages are downloaded. */
export function packagesHash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}

const isCode = (name: string) => name.endsWith('.ts') && !name.endsWith('.test.ts')
const besideThis = (name: string) => join(import.meta.dirname, name)

/** Relative paths, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
