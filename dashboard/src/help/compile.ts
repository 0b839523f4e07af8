/**
 * Turns the Markdown of a guide into plain data while the dashboard is built, so that no parser and no HTML goes
 * to the browser. What a guide cannot contain stops the build.
 */
import { lexer, type Token, type Tokens } from 'marked'

export type GuideNode =
  | string
  | { readonly tag: GuideTag; readonly children: readonly GuideNode[] }
  | { readonly tag: 'a'; readonly href: string; readonly children: readonly GuideNode[] }
  | { readonly tag: 'h2' | 'h3'; readonly id: string; readonly children: readonly GuideNode[] }
  | { readonly tag: 'code-block'; readonly text: string }
export type GuideTag =
  | 'p'
  | 'ul'
  | 'ol'
  | 'li'
  | 'strong'
  | 'em'
  | 'code'
  | 'blockquote'
  | 'table'
  | 'thead'
  | 'tbody'
  | 'tr'
  | 'th'
  | 'td'

/** A stretch of a guide under one heading, for the search. The first has no heading. */
export type GuideSection = {
  readonly id: string | null
  readonly heading: string
  readonly text: string
}

export const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

export const compileGuide = (markdown: string): readonly GuideNode[] => nodesOf(lexer(markdown))

const nodesOf = (tokens: readonly Token[]): readonly GuideNode[] =>
  tokens.flatMap((token) => nodeOf(token))

function nodeOf(token: Token): readonly GuideNode[] {
  const children = () => nodesOf('tokens' in token && token.tokens ? token.tokens : [])
  switch (token.type) {
    case 'space':
      return []
    case 'text':
      return 'tokens' in token && token.tokens ? children() : [token.raw]
    case 'escape':
      return [token.text]
    case 'paragraph':
      return [{ tag: 'p', children: children() }]
    case 'strong':
    case 'em':
    case 'blockquote':
      return [{ tag: token.type, children: children() }]
    case 'codespan':
      return [{ tag: 'code', children: [token.text] }]
    case 'code':
      return [{ tag: 'code-block', text: token.text }]
    case 'link':
      return [{ tag: 'a', href: token.href, children: children() }]
    case 'list': {
      const { ordered, items } = token as Tokens.List
      return [
        {
          tag: ordered ? 'ol' : 'ul',
          children: items.map((item) => ({ tag: 'li', children: nodesOf(item.tokens) })),
        },
      ]
    }
    case 'heading': {
      if (token.depth !== 2 && token.depth !== 3) break
      return [
        { tag: token.depth === 2 ? 'h2' : 'h3', id: anchorOf(token.text), children: children() },
      ]
    }
    case 'table': {
      const { header, rows } = token as Tokens.Table
      const row = (tag: 'th' | 'td', cells: readonly Tokens.TableCell[]): GuideNode => ({
        tag: 'tr',
        children: cells.map((cell) => ({ tag, children: nodesOf(cell.tokens) })),
      })
      return [
        {
          tag: 'table',
          children: [
            { tag: 'thead', children: [row('th', header)] },
            { tag: 'tbody', children: rows.map((cells) => row('td', cells)) },
          ],
        },
      ]
    }
  }
  throw new Error(`A guide cannot contain ${token.type}: ${token.raw.slice(0, 80)}`)
}

export function sectionsOf(nodes: readonly GuideNode[]): readonly GuideSection[] {
  const sections: { id: string | null; heading: string; text: string }[] = [
    { id: null, heading: '', text: '' },
  ]
  for (const node of nodes) {
    if (typeof node !== 'string' && 'id' in node) {
      sections.push({ id: node.id, heading: textOf(node), text: '' })
    } else {
      const section = sections.at(-1)
      if (section) section.text = `${section.text} ${textOf(node)}`.trim()
    }
  }
  return sections.filter(({ id, text }) => id !== null || text !== '')
}

const spaced = new Set(['ul', 'ol', 'table', 'thead', 'tbody', 'tr', 'blockquote'])

function textOf(node: GuideNode): string {
  if (typeof node === 'string') return node
  if (node.tag === 'code-block') return 'text' in node ? node.text : ''
  return 'children' in node ? node.children.map(textOf).join(spaced.has(node.tag) ? ' ' : '') : ''
}
