import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useInstanceActions } from '../instances/actions.tsx'
import { hourlyNow } from '../instances/cost.ts'
import type { InstanceAsked } from '../instances/routes.ts'
import type { Instance } from '../instances/use-instance.ts'
import { StepsOf } from '../operations/steps.tsx'
import { ActionButtons } from '../ui/action-buttons.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { SelectField } from '../ui/fields.tsx'
import { gigabytes, money, monthly, rate } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status, statusWord } from '../ui/status.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

export function InstancePanel({
  instances,
  chosenId,
  onChoose,
}: {
  instances: readonly Row[]
  chosenId: string
  onChoose: (id: string) => void
}) {
  const { data, error, refetch } = useQuery({
    ...reading('/api/instances/{instance_id}/', { params: { instance_id: chosenId } }),
    refetchInterval: pollWhenBroken,
  })
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <div className="w-full sm:w-fit sm:min-w-80 sm:max-w-full">
          <SelectField
            label="Instance"
            value={chosenId}
            onValue={onChoose}
            choices={instances.map(({ instance_id, vm_name, status }) => ({
              value: instance_id,
              words: `${vm_name} · ${statusWord(status)}`,
            }))}
          />
        </div>
        <Link
          to="/instances/$id"
          params={{ id: chosenId }}
          className="inline-flex h-(--control) items-center text-accent hover:underline"
        >
          All about it
        </Link>
      </div>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {data ? <Chosen instance={data.instance} /> : !error && <Loading what="the instance" />}
    </div>
  )
}

function Chosen({ instance }: { instance: Instance }) {
  const { actions, dialogs } = useInstanceActions(instance, useState<InstanceAsked | null>(null))
  const { instance_id, status, error, currency, billing, volume_attachments } = instance
  return (
    <>
      <ActionButtons actions={actions} />
      {error && <Notice tone="problem">{error}</Notice>}
      <StepsOf subject={instance_id} />
      <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
        <Section title="Hardware" aside={<Status status={status} why={error} />}>
          <Facts
            facts={[
              [
                'GPU',
                instance.gpu_count > 0 ? `${instance.gpu_count} × ${instance.gpu_type}` : 'None',
              ],
              ['CPU', `${instance.vcpus} vCPU`],
              ['Memory', gigabytes(instance.ram_gb)],
              ['Storage', gigabytes(instance.storage_gb)],
              [
                'Volumes',
                volume_attachments.length > 0
                  ? volume_attachments.map((each) => each.volume_name).join(', ')
                  : 'none',
              ],
              ['Region', instance.region],
            ]}
          />
        </Section>
        <Section title="Network">
          <Facts
            facts={[
              [
                'SSH',
                instance.ssh_command ? (
                  <Copyable key="ssh" text={instance.ssh_command} name="Copy SSH command" />
                ) : instance.simulated ? (
                  'none, it is simulated'
                ) : (
                  'not yet'
                ),
              ],
              ['Private IP', instance.private_ip ?? 'not yet'],
              [
                'Public IP',
                instance.ip_address !== instance.private_ip ? instance.ip_address : 'none',
              ],
              ['SSH keys', instance.ssh_keys.map((key) => key.name).join(', ') || 'none'],
            ]}
          />
        </Section>
        <Section title="Price" className="lg:col-span-2">
          <Facts
            columns={2}
            facts={[
              ['Now', rate(hourlyNow(instance), currency)],
              ['A month', monthly(hourlyNow(instance), currency)],
              ['So far', money(billing.total_cost, currency)],
            ]}
          />
        </Section>
      </div>
      {dialogs}
    </>
  )
}
