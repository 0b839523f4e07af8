import { useEffect, useRef, useState } from 'react'
import { endingWords, isFinal, socketUrl } from '../console/line.ts'
import { createScreen, screenClass } from '../console/screen.ts'
import { Button } from '../ui/button.tsx'
import { Spinner } from '../ui/spinner.tsx'

const retryMs = 2_000

/** `path`: of its websocket. Bytes both ways; what is text is about the terminal. */
export function TerminalScreen({ path, onEnd }: { path: string; onEnd: () => void }) {
  const place = useRef<HTMLDivElement>(null)
  const [words, setWords] = useState<string | null>('Connecting …')
  const [round, setRound] = useState(0)
  const ended = useRef(onEnd)
  ended.current = onEnd
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round connects again
  useEffect(() => {
    if (place.current === null) return
    const { screen, remove } = createScreen(place.current)
    const socket = new WebSocket(socketUrl(path))
    socket.binaryType = 'arraybuffer'
    let timer: ReturnType<typeof setTimeout> | undefined
    const encoder = new TextEncoder()
    const whenOpen = (data: string | Uint8Array<ArrayBuffer>) =>
      socket.readyState === WebSocket.OPEN && socket.send(data)
    const tellSize = () => {
      const { cols, rows } = screen
      whenOpen(JSON.stringify({ type: 'resize', cols, rows }))
    }
    screen.onData((text) => whenOpen(encoder.encode(text)))
    screen.onResize(tellSize)
    socket.onopen = () => {
      setWords(null)
      tellSize()
      screen.focus()
    }
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') screen.write(new Uint8Array(data as ArrayBuffer))
      else screen.write(saidIn(data))
    }
    socket.onclose = ({ code }) => {
      setWords(endingWords(code))
      if (isFinal(code)) ended.current()
      else timer = setTimeout(() => setRound((last) => last + 1), retryMs)
    }
    return () => {
      clearTimeout(timer)
      socket.onclose = null
      socket.close()
      remove()
    }
  }, [path, round])
  return (
    <>
      {words !== null && (
        <div className="flex min-h-(--control) flex-wrap items-center gap-3">
          <Spinner words={words} />
          <Button onClick={() => setRound((last) => last + 1)}>Connect again</Button>
        </div>
      )}
      <section aria-label="Terminal" ref={place} className={screenClass} />
    </>
  )
}

/** What the server says of the terminal, as a line in it. */
function saidIn(data: string): string {
  const said = JSON.parse(data) as { type: string; exit_code?: number | null; message?: string }
  if (said.type === 'error') return `\r\n${said.message}\r\n`
  if (said.type !== 'exit') return ''
  return `\r\nIt has ended${said.exit_code == null ? '' : ` with exit code ${said.exit_code}`}.\r\n`
}
