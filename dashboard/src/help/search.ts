/** Looks through titles, headings and texts of the guides. */
import type { GuideSection } from './compile.ts'
import type { Guide } from './guides.ts'

export type Found = {
  readonly guide: Guide
  readonly id: string | null
  readonly heading: string
  /** What stands around the first word that was found. */
  readonly excerpt: string
}

const wordsOf = (asked: string) => asked.toLowerCase().split(/\s+/).filter(Boolean)

/** Every word must be there. A title counts more than a heading, a heading more than the text under it. */
export function search(
  asked: string,
  guides: readonly { guide: Guide; sections: readonly GuideSection[] }[],
): readonly Found[] {
  const words = wordsOf(asked)
  if (words.length === 0) return []
  return guides
    .flatMap(({ guide, sections }) => {
      const title = guide.title.toLowerCase()
      const scored = sections.flatMap((section) => {
        const heading = section.heading.toLowerCase()
        const text = section.text.toLowerCase()
        const scores = words.map((word): number =>
          title.includes(word) ? 9 : heading.includes(word) ? 4 : text.includes(word) ? 1 : 0,
        )
        if (scores.includes(0)) return []
        const score = scores.reduce((sum, each) => sum + each, section.id === null ? 1 : 0)
        return [{ score, section }]
      })
      const best = scored.toSorted((a, b) => b.score - a.score)[0]
      if (best === undefined) return []
      const { id, heading, text } = best.section
      return [{ score: best.score, guide, id, heading, excerpt: excerptOf(text, words) }]
    })
    .toSorted((a, b) => b.score - a.score)
    .map(({ score: _, ...found }) => found)
}

const length = 150

function excerptOf(text: string, words: readonly string[]) {
  const at = Math.max(
    0,
    words.map((word) => text.toLowerCase().indexOf(word)).find((index) => index >= 0) ?? 0,
  )
  const begin = at < length / 2 ? 0 : text.lastIndexOf(' ', at - length / 3) + 1
  const cut = text.slice(begin, begin + length)
  const end = begin + length < text.length ? cut.lastIndexOf(' ') : cut.length
  return `${begin > 0 ? '… ' : ''}${cut.slice(0, end)}${end < cut.length || begin + length < text.length ? ' …' : ''}`
}

/** The text in pieces, those that were asked for marked. */
export function marked(
  text: string,
  asked: string,
): readonly { readonly text: string; readonly hit: boolean }[] {
  const words = wordsOf(asked).map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (words.length === 0) return [{ text, hit: false }]
  return text
    .split(new RegExp(`(${words.join('|')})`, 'gi'))
    .map((piece, index) => ({ text: piece, hit: index % 2 === 1 }))
    .filter(({ text: piece }) => piece !== '')
}
