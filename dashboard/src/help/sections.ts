/** What the search looks through: all of it at once, fetched with the first search. */
import type { GuideSection } from './compile.ts'
import { guides } from './guides.ts'

const all = import.meta.glob<readonly GuideSection[]>('./guides/*.md', {
  import: 'default',
  query: '?sections',
  eager: true,
})

export const searchable = guides.map((guide) => ({
  guide,
  sections: all[`./guides/${guide.name}.md`] ?? [],
}))
