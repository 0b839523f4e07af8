/** What a microVM may reach. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { ApiError, wordsOf } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type EgressDraft, EgressFields, egressLabels, policyOf } from './egress-fields.tsx'
import { useVm } from './use-vm.ts'
import { isLive } from './vm.ts'

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

const draftOf = ({ allowed_domains, allowed_cidrs, ...policy }: Policy): EgressDraft => ({
  allow_package_managers: policy.allow_package_managers,
  ...{ allow_https: policy.allow_https, allow_http: policy.allow_http },
  ...{ domains: allowed_domains.join('\n'), networks: allowed_cidrs.join('\n') },
})

function PolicyForm({ vmId, policy, why }: { vmId: string; policy: Policy; why: string | null }) {
  const [draft, setDraft] = useState<EgressDraft>(() => draftOf(policy))
  const save = useMutation({
    mutationFn: () => post(path, { params: { vm_id: vmId }, body: policyOf(draft) }),
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
      <EgressFields draft={draft} onDraft={setDraft} errors={fields} reason={why} />
      {save.isError && <Notice tone="problem">{wordsOf(save.error, egressLabels)}</Notice>}
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
