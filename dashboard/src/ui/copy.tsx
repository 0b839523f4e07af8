import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { IconButton } from './button.tsx'

/** Copies, and says so in its own place. */
export function CopyButton({ text, name = 'Copy' }: { text: string; name?: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1600)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <IconButton
      name={copied ? 'Copied' : name}
      icon={
        copied ? (
          <Check aria-hidden className="size-4 text-running" />
        ) : (
          <Copy aria-hidden className="size-4" />
        )
      }
      onClick={() => void copyText(text).then(setCopied)}
    />
  )
}

/** Browsers offer their clipboard on https and localhost only; elsewhere the old way works. */
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  }
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}

/** An id, an address, a command: in the mono face, with a button that copies it. */
export function Copyable({ text, name }: { text: string; name?: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5">
      <code className="truncate">{text}</code>
      <CopyButton text={text} {...(name === undefined ? {} : { name })} />
    </span>
  )
}

/** Several lines to take away. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="relative rounded-md bg-sunken">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="overflow-x-auto whitespace-pre-wrap break-all py-2.5 pl-3 pr-11 text-sm"
      >
        {text}
      </pre>
      <div className="absolute right-1 top-0.5">
        <CopyButton text={text} name={`Copy ${label}`} />
      </div>
    </div>
  )
}
