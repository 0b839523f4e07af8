import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { useInstance } from '../instances/use-instance.ts'
import { Facts } from '../ui/card.tsx'
import { Code } from '../ui/copy.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'

type StartupStatus = Answer<'get', '/api/instances/{instance_id}/startup-log/'>['status']

const words: Readonly<Record<StartupStatus, string>> = {
  none: 'Nothing was to run on the first boot',
  pending: 'Has not begun yet',
  running: 'Runs',
  succeeded: 'Succeeded',
  failed: 'Failed',
}
const looks: Readonly<Record<StartupStatus, string>> = {
  none: 'SHUTOFF',
  pending: 'pending',
  running: 'running',
  succeeded: 'done',
  failed: 'failed',
}

/** What became of the startup script or the cloud-init text. */
export function StartupTab() {
  const { instance_id } = useInstance()
  const { data, error, refetch } = useQuery({
    ...reading('/api/instances/{instance_id}/startup-log/', { params: { instance_id } }),
    refetchInterval: ({ state }) =>
      ['pending', 'running'].includes(state.data?.status ?? '') ? 3_000 : false,
  })
  if (error) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading what="the startup log" />
  const { status, exit_code, started_at, finished_at, log } = data
  return (
    <>
      <Facts
        facts={[
          ['Status', <Status key="status" status={looks[status]} word={words[status]} />],
          ['Exit code', exit_code],
          ['Began', started_at && <Time key="began" at={started_at} exact />],
          ['Ended', finished_at && <Time key="ended" at={finished_at} exact />],
        ]}
      />
      {log && <Code text={log} label="startup log" />}
    </>
  )
}
