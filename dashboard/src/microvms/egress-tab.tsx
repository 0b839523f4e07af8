/** What a microVM may reach. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { ApiError, wordsOf } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Switch, TextArea } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { useVm } from './use-vm.ts'
import { isLive, linesOf } from './vm.ts'

const path = '/v1/egress/vm/{vm_id}'
type Policy = Answer<'get', typeof path>

export function EgressTab() {
  const { vm_id, status } = useVm()
  const policy = useQuery({
    ...reading(path, { params: { vm_id } }),
    refetchInterval: ({ state }) => (state.data?.in_force === false ? 2_000 : pollWhenBroken()),
  })
  if (policy.isError) return <Problem error={policy.error} onRetry={() => void policy.refetch()} />
  if (policy.data === undefined) return <Loading what="what it may reach" />
  return (
    <Section title="What it may reach" className="max-w-2xl">
      <p className="text-ink-2">
        Everything else is refused, from the first packet on. The host, private networks, metadata
        addresses and other microVMs are never reached.
      </p>
      {isLive(status) && !policy.data.in_force && (
        <Notice tone="warning">
          This is not in force yet. If it stays so, look under Activity and save it again.
        </Notice>
      )}
      <PolicyForm vmId={vm_id} policy={policy.data} why={isLive(status) ? null : 'It has ended'} />
    </Section>
  )
}

const knobs = [
  ['allow_package_managers', 'Package managers', 'Debian, Ubuntu, Alpine, PyPI and npm.'],
  ['allow_https', 'HTTPS', 'Port 443 of everything in the internet.'],
  ['allow_http', 'HTTP', 'Port 80 of everything in the internet.'],
] as const

function PolicyForm({ vmId, policy, why }: { vmId: string; policy: Policy; why: string | null }) {
  const [wanted, setWanted] = useState(policy)
  const [domains, setDomains] = useState(policy.allowed_domains.join('\n'))
  const [networks, setNetworks] = useState(policy.allowed_cidrs.join('\n'))
  const save = useMutation({
    mutationFn: () =>
      post(path, {
        params: { vm_id: vmId },
        body: {
          allow_package_managers: wanted.allow_package_managers,
          allow_https: wanted.allow_https,
          allow_http: wanted.allow_http,
          allowed_domains: linesOf(domains),
          allowed_cidrs: linesOf(networks),
        },
      }),
    onSuccess: () => stale('/v1/egress/', '/api/operations/'),
  })
  const fields = save.error instanceof ApiError ? save.error.fields : {}
  return (
    <form
      className="flex flex-col gap-4"
      // What was said of the last one is not said of what is typed now.
      onChange={() => !save.isPending && save.reset()}
      onSubmit={(event) => {
        event.preventDefault()
        if (why === null && !save.isPending) save.mutate()
      }}
    >
      {knobs.map(([knob, label, hint]) => (
        <Switch
          key={knob}
          label={label}
          hint={hint}
          checked={wanted[knob]}
          onChecked={(on) => setWanted({ ...wanted, [knob]: on })}
          reason={why}
        />
      ))}
      <TextArea
        label="Domains"
        mono
        rows={3}
        value={domains}
        onValue={setDomains}
        placeholder="api.example.com"
        hint="One to a line, with the names below it, on all ports."
        error={fields.allowed_domains?.[0]}
        spellCheck={false}
      />
      <TextArea
        label="Networks"
        mono
        rows={2}
        value={networks}
        onValue={setNetworks}
        placeholder="203.0.113.0/24"
        hint="One IPv4 network to a line, on all ports."
        error={fields.allowed_cidrs?.[0]}
        spellCheck={false}
      />
      {save.isError && <Notice tone="problem">{wordsOf(save.error)}</Notice>}
      {save.isSuccess && (
        <Notice tone="good">It is in force. What it does not allow was cut.</Notice>
      )}
      <div>
        <Button
          type="submit"
          look="primary"
          busy={save.isPending && 'Putting it in force…'}
          reason={why}
        >
          Save
        </Button>
      </div>
    </form>
  )
}
