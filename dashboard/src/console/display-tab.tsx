import { whyNotWatch } from '@garrison/contract/instances/states'
import RFB from '@novnc/novnc'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { post } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { useInstance } from '../instances/use-instance.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { lineUrl } from './line.ts'

/** The screen of the machine, with keyboard and mouse. */
export function DisplayTab() {
  const { instance_id, status } = useInstance()
  const reason = whyNotWatch(status)
  // A browser does not say why a line was refused; a request for the same does.
  const { error, isPending } = useQuery({
    queryKey: ['display', instance_id],
    queryFn: () =>
      post('/api/instances/{instance_id}/console-token/', {
        params: { instance_id },
        body: { kind: 'display' },
      }),
    enabled: reason === null,
    retry: false,
    gcTime: 0,
  })
  if (reason !== null) return <Notice>{reason}.</Notice>
  if (isPending) return <Spinner words="Connecting …" />
  return error ? <Notice>{wordsOf(error)}</Notice> : <Screen instanceId={instance_id} />
}

function Screen({ instanceId }: { instanceId: string }) {
  const place = useRef<HTMLDivElement>(null)
  const rfb = useRef<RFB | null>(null)
  const [round, setRound] = useState(0)
  const [state, setState] = useState<'connecting' | 'open' | 'ended'>('connecting')
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round connects again
  useEffect(() => {
    if (place.current === null) return
    setState('connecting')
    const made = new RFB(place.current, lineUrl(instanceId, 'display'), { shared: true })
    made.scaleViewport = true
    made.background = 'transparent'
    made.addEventListener('connect', () => setState('open'))
    made.addEventListener('disconnect', () => setState('ended'))
    rfb.current = made
    return () => {
      made.disconnect()
      rfb.current = null
    }
  }, [instanceId, round])
  return (
    <div className="flex flex-col gap-3">
      <div className="flex min-h-(--control) flex-wrap items-center gap-3">
        {state === 'connecting' && <Spinner words="Connecting …" />}
        {state === 'ended' && (
          <>
            <span className="text-ink-2">
              The connection has ended, or the machine shows no picture.
            </span>
            <Button onClick={() => setRound((last) => last + 1)}>Connect again</Button>
          </>
        )}
        {state === 'open' && (
          <Button onClick={() => rfb.current?.sendCtrlAltDel()}>Send Ctrl-Alt-Del</Button>
        )}
      </div>
      <section
        aria-label="Display"
        ref={place}
        className="h-[65dvh] min-h-72 overflow-hidden rounded-md bg-[#14181b]"
      />
    </div>
  )
}
