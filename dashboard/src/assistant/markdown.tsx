import { memo } from 'react'
import { Code } from '../ui/copy.tsx'
import { cx } from '../ui/cx.ts'
import { type Block, blocksOf, type Item, piecesOf } from './markdown.ts'

/** What a model wrote, as elements of ours. Only its own text is made anew while it grows. */
export const Markdown = memo(({ text }: { text: string }) => (
  <div className="flex min-w-0 flex-col gap-3">
    {blocksOf(text).map((block) => (
      <BlockOf key={block.at} block={block} />
    ))}
  </div>
))

function BlockOf({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return (
        <p className="pt-1 font-semibold">
          <Pieces text={block.text} />
        </p>
      )
    case 'paragraph':
      return (
        <p className="max-w-prose whitespace-pre-line">
          <Pieces text={block.text} />
        </p>
      )
    case 'quote':
      return (
        <blockquote className="max-w-prose whitespace-pre-line border-l-2 border-hairline pl-3 text-ink-2">
          <Pieces text={block.text} />
        </blockquote>
      )
    case 'code':
      return <Code text={block.text} label={block.language || 'code'} />
    case 'list':
      return block.items.some(({ number }) => number !== null) ? (
        <ol className="pl-6">
          <Items items={block.items} />
        </ol>
      ) : (
        <ul className="pl-5">
          <Items items={block.items} />
        </ul>
      )
    case 'table':
      return <Rows head={block.head} rows={block.rows} />
    case 'line':
      return <hr className="border-hairline" />
  }
}

const indents = ['', 'ml-5', 'ml-10', 'ml-15']

function Items({ items }: { items: readonly Item[] }) {
  return items.map(({ at, text, depth, number }) => (
    <li
      key={at}
      value={number ?? undefined}
      className={cx(
        'max-w-prose whitespace-pre-line py-0.5',
        number === null ? 'list-disc' : 'list-decimal',
        indents[depth],
      )}
    >
      <Pieces text={text} />
    </li>
  ))
}

function Rows({ head, rows }: Pick<Extract<Block, { kind: 'table' }>, 'head' | 'rows'>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section tabIndex={0} aria-label="Table" className="overflow-x-auto">
      <table className="border-collapse">
        <thead>
          <tr className="border-b border-hairline text-left">
            {head.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their places
              <th key={index} scope="col" className="py-1 pr-5 font-medium">
                <Pieces text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, cells }) => (
            <tr key={at} className="border-b border-hairline">
              {cells.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their places
                <td key={column} className="py-1 pr-5 align-top">
                  <Pieces text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Pieces({ text }: { text: string }) {
  return piecesOf(text).map((piece) => {
    switch (piece.kind) {
      case 'code':
        return (
          <code key={piece.at} className="rounded-sm bg-sunken px-1 py-0.5">
            {piece.text}
          </code>
        )
      case 'strong':
        return (
          <strong key={piece.at} className="font-semibold">
            {piece.text}
          </strong>
        )
      case 'emphasis':
        return <em key={piece.at}>{piece.text}</em>
      case 'link':
        return (
          <a
            key={piece.at}
            href={piece.to}
            rel="noreferrer noopener"
            target={piece.to.startsWith('/') ? undefined : '_blank'}
            className="text-accent underline"
          >
            {piece.text}
          </a>
        )
      case 'text':
        return piece.text
    }
  })
}
