/**
 * What models write, as blocks: the common part of Markdown, read line by line. HTML is text like any other,
 * so nothing that a model says can become part of the page. Half an answer reads as well as a whole one: a
 * block of code that has not ended yet is one. `at`, a line or a character, tells what stands beside each other
 * apart, and stays while more is written behind it.
 */
export type Block = { readonly at: number } & BlockText
type BlockText =
  | { readonly kind: 'heading' | 'paragraph' | 'quote'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string; readonly language: string }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly { readonly at: number; readonly cells: readonly string[] }[]
    }
  | { readonly kind: 'line' }
/** `number`: as it was written; null for a bullet. */
export type Item = {
  readonly at: number
  readonly text: string
  readonly depth: number
  readonly number: number | null
}

export type Piece = { readonly at: number } & PieceText
type PieceText =
  | { readonly kind: 'text' | 'code' | 'strong' | 'emphasis'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly to: string }

const fence = /^\s*(```+|~~~+)\s*([\w+#.-]*)/
const heading = /^#{1,6}\s+(.*?)\s*#*$/
const bullet = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/
const rule = /^\s*([-*_])(?:\s*\1){2,}\s*$/
const quote = /^\s*>\s?(.*)$/
const divider = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/

const cells = (line: string) =>
  line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .map((cell) => cell.trim())

export function blocksOf(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const blocks: Block[] = []
  let at = 0
  const line = () => lines[at] ?? ''
  const begins = (other: string) =>
    [fence, heading, bullet, rule, quote].some((pattern) => pattern.test(other))

  while (at < lines.length) {
    const begun = at
    if (line().trim() === '') at += 1
    else blocks.push({ at: begun, ...next() })
  }
  return blocks

  function next(): BlockText {
    const opening = fence.exec(line())
    if (opening) return code(opening)
    if (rule.test(line())) return alone({ kind: 'line' })
    const title = heading.exec(line())
    if (title) return alone({ kind: 'heading', text: title[1] ?? '' })
    if (quote.test(line())) return quoted()
    if (bullet.test(line())) return list()
    const below = lines[at + 1] ?? ''
    const isTable = line().includes('|') && divider.test(below) && below.includes('-')
    return isTable ? table() : paragraph()
  }

  function alone(block: BlockText): BlockText {
    at += 1
    return block
  }

  function code([, mark = '```', language = '']: RegExpExecArray): BlockText {
    const inside: string[] = []
    at += 1
    while (at < lines.length && !line().trim().startsWith(mark)) {
      inside.push(line())
      at += 1
    }
    at += 1
    return { kind: 'code', text: inside.join('\n'), language }
  }

  function quoted(): BlockText {
    const inside: string[] = []
    for (let found = quote.exec(line()); found; found = quote.exec(line())) {
      inside.push(found[1] ?? '')
      at += 1
    }
    return { kind: 'quote', text: inside.join('\n') }
  }

  function list(): BlockText {
    const items: Item[] = []
    while (at < lines.length) {
      const found = bullet.exec(line())
      const last = items.at(-1)
      if (found) {
        const [, indent = '', written, words = ''] = found
        items.push({
          at,
          text: words,
          depth: Math.min(3, Math.floor(indent.length / 2)),
          number: written === undefined ? null : Number(written),
        })
      } else if (last && /^\s{2,}\S/.test(line())) {
        items[items.length - 1] = { ...last, text: `${last.text}\n${line().trim()}` }
      } else if (line().trim() !== '' || !bullet.test(lines[at + 1] ?? '')) break
      at += 1
    }
    return { kind: 'list', items }
  }

  function table(): BlockText {
    const head = cells(line())
    const rows: { at: number; cells: string[] }[] = []
    at += 2
    while (at < lines.length && line().includes('|')) {
      const row = cells(line())
      rows.push({ at, cells: head.map((_, index) => row[index] ?? '') })
      at += 1
    }
    return { kind: 'table', head, rows }
  }

  function paragraph(): BlockText {
    const inside = [line()]
    at += 1
    while (at < lines.length && line().trim() !== '' && !begins(line())) {
      inside.push(line())
      at += 1
    }
    return { kind: 'paragraph', text: inside.join('\n') }
  }
}

const inline =
  /(?<code>`+)(?<codeText>.+?)\k<code>|\*\*(?<strong>\S(?:.*?\S)?)\*\*|(?<![\w*])[*_](?<emphasis>[^\s*_](?:[^*_]*[^\s*_])?)[*_](?![\w*])|\[(?<words>[^\]]+)\]\((?<to>[^\s)]+)\)|(?<bare>https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?'"])/gs

/** Of a paragraph, an item, a cell. A link to anywhere but the web or this application stays text. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  const plain = (to: number) => {
    if (to > from) pieces.push({ at: from, kind: 'text', text: text.slice(from, to) })
  }
  for (const found of text.matchAll(inline)) {
    plain(found.index)
    pieces.push({ at: found.index, ...pieceOf(found.groups ?? {}, found[0]) })
    from = found.index + found[0].length
  }
  plain(text.length)
  return pieces
}

function pieceOf(found: Record<string, string | undefined>, whole: string): PieceText {
  const { codeText, strong, emphasis, words, to, bare } = found
  if (codeText !== undefined) return { kind: 'code', text: codeText.trim() }
  if (strong !== undefined) return { kind: 'strong', text: strong }
  if (emphasis !== undefined) return { kind: 'emphasis', text: emphasis }
  if (bare !== undefined) return { kind: 'link', text: bare, to: bare }
  if (words !== undefined && to !== undefined && isSafe(to))
    return { kind: 'link', text: words, to }
  return { kind: 'text', text: whole }
}

/** The web, or a page of this application: never a script, never another protocol's door. */
const isSafe = (to: string) => /^https?:\/\//i.test(to) || /^\/(?![/\\])/.test(to)
