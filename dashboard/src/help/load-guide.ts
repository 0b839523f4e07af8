import { notFound } from '@tanstack/react-router'
import type { GuideNode } from './compile.ts'
import { guides } from './guides.ts'

/** Each text is a file of its own, fetched when it is read. */
const texts = import.meta.glob<readonly GuideNode[]>('./guides/*.md', { import: 'default' })

export async function loadGuide(name: string) {
  const at = guides.findIndex((each) => each.name === name)
  const guide = guides[at]
  const text = texts[`./guides/${name}.md`]
  if (guide === undefined || text === undefined) throw notFound()
  return { guide, before: guides[at - 1], after: guides[at + 1], nodes: await text() }
}
