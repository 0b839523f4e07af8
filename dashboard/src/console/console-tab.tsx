import { whyNotWatch } from '@garrison/contract/instances/states'
import { useQuery } from '@tanstack/react-query'
import type { Terminal } from '@xterm/xterm'
import { useEffect, useRef, useState } from 'react'
import { reading } from '../api/queries.ts'
import { useInstance } from '../instances/use-instance.ts'
import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { endingWords, isFinal, lineUrl } from './line.ts'
import { createScreen, screenClass } from './screen.ts'

/** The serial line of the machine, to type into. */
export function ConsoleTab() {
  const { instance_id, status } = useInstance()
  const reason = whyNotWatch(status)
  return reason === null ? (
    <LiveConsole instanceId={instance_id} />
  ) : (
    <>
      <Notice>{reason}.</Notice>
      <ConsoleLog instanceId={instance_id} />
    </>
  )
}

const retryMs = 2_000

function LiveConsole({ instanceId }: { instanceId: string }) {
  const place = useRef<HTMLDivElement>(null)
  const [state, setState] = useState<{ open: boolean; words: string }>({
    open: false,
    words: 'Connecting …',
  })
  const [round, setRound] = useState(0)
  // A terminal is made once and keeps its lines, whatever happens to the connection.
  const terminal = useRef<Terminal | null>(null)
  useEffect(() => {
    if (place.current === null) return
    const { screen, remove } = createScreen(place.current)
    terminal.current = screen
    return () => {
      remove()
      terminal.current = null
    }
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round connects again
  useEffect(() => {
    const screen = terminal.current
    if (screen === null) return
    const socket = new WebSocket(lineUrl(instanceId, 'console'))
    socket.binaryType = 'arraybuffer'
    let timer: ReturnType<typeof setTimeout> | undefined
    const typing = screen.onData(
      (text) => socket.readyState === WebSocket.OPEN && socket.send(text),
    )
    socket.onopen = () => {
      // What was printed last comes again with each connection.
      screen.reset()
      setState({ open: true, words: 'Connected' })
      screen.focus()
    }
    socket.onmessage = ({ data }) =>
      screen.write(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
    socket.onclose = ({ code }) => {
      setState({ open: false, words: endingWords(code) })
      if (!isFinal(code)) timer = setTimeout(() => setRound((last) => last + 1), retryMs)
    }
    return () => {
      clearTimeout(timer)
      typing.dispose()
      socket.onclose = null
      socket.close()
    }
  }, [instanceId, round])
  return (
    <div className="flex flex-col gap-3">
      <div className="flex min-h-(--control) flex-wrap items-center gap-3">
        {state.open ? (
          <span className="text-ink-3">
            Type into it; press Enter if it is silent. Eight people may look at once.
          </span>
        ) : (
          <>
            <Spinner words={state.words} />
            <Button onClick={() => setRound((last) => last + 1)}>Connect again</Button>
          </>
        )}
      </div>
      <section aria-label="Serial console" ref={place} className={screenClass} />
    </div>
  )
}

function ConsoleLog({ instanceId }: { instanceId: string }) {
  const { data } = useQuery(
    reading('/api/instances/{instance_id}/console-log/', { params: { instance_id: instanceId } }),
  )
  if (data === undefined) return <Spinner words="Loading what it printed …" />
  if (data.log === '') return <p className="text-ink-2">It has printed nothing yet.</p>
  // What controls a terminal says nothing in a text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  const text = data.log.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\r/g, '')
  return <Code text={text} label="console log" />
}
