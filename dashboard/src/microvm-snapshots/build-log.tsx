import { useEffect, useRef, useState } from 'react'
import { get } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { CopyButton } from '../ui/copy.tsx'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'

const againMs = 1_000

/** What a build prints, as it prints it: only what is new is asked for. */
export function BuildLog({ id }: { id: string }) {
  const [text, setText] = useState('')
  const [state, setState] = useState<'reading' | 'complete'>('reading')
  const [problem, setProblem] = useState<string | null>(null)
  const box = useRef<HTMLElement>(null)
  // Whoever scrolls up wants to read there.
  const follows = useRef(true)
  useEffect(() => {
    const ending = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    setText('')
    setState('reading')
    const read = async (offset: number) => {
      let next = offset
      try {
        const part = await get('/v1/snapshots/{snapshot_id}/build-log', {
          params: { snapshot_id: id },
          query: { offset: String(offset) },
          signal: ending.signal,
        })
        next = part.next_offset
        if (part.log !== '') setText((before) => before + part.log)
        setProblem(null)
        if (part.is_complete) return setState('complete')
      } catch (error) {
        if (ending.signal.aborted) return
        setProblem(wordsOf(error))
      }
      timer = setTimeout(() => void read(next), againMs)
    }
    void read(0)
    return () => {
      ending.abort()
      clearTimeout(timer)
    }
  }, [id])
  // biome-ignore lint/correctness/useExhaustiveDependencies: it moves with what is printed
  useEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [text])
  return (
    <div className="flex flex-col gap-3">
      {problem && <Notice tone="warning">{problem} It is asked for again.</Notice>}
      {state === 'reading' && <Spinner words="It prints as it goes on …" />}
      {text === '' && state === 'complete' ? (
        <p className="text-ink-3">Nothing was printed.</p>
      ) : (
        <div className="relative rounded-md bg-[#14181b]">
          <section
            ref={box}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            tabIndex={0}
            aria-label="What the build printed"
            onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
              follows.current = scrollHeight - scrollTop - clientHeight < 40
            }}
            className="max-h-[60dvh] min-h-24 overflow-auto py-3 pl-4 pr-12 text-[#e8eaec]"
          >
            <pre className="whitespace-pre-wrap wrap-anywhere text-sm">{text}</pre>
          </section>
          <div className="absolute right-2 top-1.5 rounded-md bg-raised">
            <CopyButton text={text} name="Copy build log" />
          </div>
        </div>
      )}
    </div>
  )
}
