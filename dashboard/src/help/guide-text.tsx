import { Link } from '@tanstack/react-router'
import { Fragment, type ReactNode } from 'react'
import { Code } from '../ui/copy.tsx'
import type { GuideNode, GuideTag } from './compile.ts'

const link =
  'text-accent underline decoration-accent/35 underline-offset-2 hover:decoration-current'

const looks: Record<GuideTag, string> = {
  p: '',
  ul: 'ml-5 flex list-disc flex-col gap-1.5 marker:text-ink-4',
  ol: 'ml-5 flex list-decimal flex-col gap-1.5 marker:text-ink-3',
  li: 'pl-1 [&>ul]:mt-1.5 [&>div]:my-2',
  strong: 'font-semibold text-ink',
  em: 'italic',
  code: 'rounded-sm bg-sunken px-1 py-0.5 text-ink',
  blockquote: 'flex flex-col gap-2 border-l-2 border-accent bg-accent-soft/50 px-4 py-3 text-ink',
  table: 'w-full border-collapse text-left',
  thead: 'text-sm text-ink-3',
  tbody: '',
  tr: 'border-b border-hairline align-top',
  th: 'py-2 pr-4 font-medium whitespace-nowrap',
  td: 'py-2 pr-4 first:text-ink',
}

/** A guide, or a part of one. */
export const GuideText = ({ nodes }: { nodes: readonly GuideNode[] }): ReactNode =>
  nodes.map((node, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
    <Fragment key={index}>{typeof node === 'string' ? node : <Node node={node} />}</Fragment>
  ))

function Node({ node }: { node: Exclude<GuideNode, string> }) {
  if ('text' in node) return <Code text={node.text} label="the commands" />
  const inside = <GuideText nodes={node.children} />
  if ('href' in node) return <GuideLink href={node.href}>{inside}</GuideLink>
  if ('id' in node) return <Heading node={node}>{inside}</Heading>
  const Tag = node.tag
  const element = <Tag className={looks[node.tag]}>{inside}</Tag>
  if (node.tag !== 'table') return element
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div tabIndex={0} className="-mx-4 overflow-x-auto px-4 md:mx-0 md:px-0">
      {element}
    </div>
  )
}

const Heading = ({
  node: { tag: Tag, id },
  children,
}: {
  node: { tag: 'h2' | 'h3'; id: string }
  children: ReactNode
}) => (
  <Tag id={id} className="group mt-4 scroll-mt-20 text-lg text-ink">
    {children}
    <a
      href={`#${id}`}
      aria-label="Link to this section"
      className="ml-1.5 text-ink-4 opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
    >
      #
    </a>
  </Tag>
)

/** Pages of ours without loading anything anew; the rest as the browser does it. */
function GuideLink({ href, children }: { href: string; children: ReactNode }) {
  const ours = href.startsWith('/') && !/^\/(docs|openapi\.json)/.test(href)
  if (!ours) {
    return (
      <a href={href} className={link}>
        {children}
      </a>
    )
  }
  const [to = '/', hash] = href.split('#')
  return (
    <Link to={to as string} {...(hash === undefined ? {} : { hash })} className={link}>
      {children}
    </Link>
  )
}
