import { nameKey } from '@garrison/contract/microvms/facts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextArea, TextField } from '../ui/fields.tsx'
import {
  type EgressDraft,
  EgressFields,
  egressLabels,
  noEgress,
  policyOf,
} from './egress-fields.tsx'
import { type ShareDraft, ShareFields, usualShare, whyNotPort } from './share-fields.tsx'
import { lifetimes, memoryWords, readEnvironment, readMetadata } from './vm.ts'

const vcpuChoices = [1, 2, 3, 4, 5, 6, 7, 8]
const memoryChoices = [128, 256, 512, 1024, 2048, 4096, 8192]
const asSnapshot = { value: '', words: 'As the snapshot' }
const longestName = 50

/** What fields of the API are called here. */
const labels = {
  ...egressLabels,
  ...{ snapshot_id: 'Begins as', vm_lifetime_seconds: 'Lives for', vcpu_count: 'vCPUs' },
  ...{ memory_mb: 'Memory', env: 'Environment', snapshot_name: 'Name of the snapshot' },
}

/** `snapshot`: chosen already, where somebody came from it. */
export function CreateVmDialog({
  snapshot,
  onClose,
}: {
  snapshot: string | undefined
  onClose: () => void
}) {
  const navigate = useNavigate()
  const snapshots = useQuery(reading('/v1/snapshots'))
  const ready = (snapshots.data ?? []).filter((each) => each.status === 'ready')
  const others = useQuery(reading('/v1/vms'))
  const [chosen, setChosen] = useState(snapshot ?? '')
  const [name, setName] = useState('')
  const isTaken = others.data?.some((vm) => vm.metadata[nameKey] === name.trim()) ?? false
  const [vcpus, setVcpus] = useState('')
  const [memory, setMemory] = useState('')
  const [lifetime, setLifetime] = useState('3600')
  const [environment, setEnvironment] = useState('')
  const [keep, setKeep] = useState(false)
  const [keptName, setKeptName] = useState('')
  const [noted, setNoted] = useState('')
  const [egress, setEgress] = useState<EgressDraft | null>(null)
  const [share, setShare] = useState<ShareDraft | null>(null)
  const env = readEnvironment(environment)
  const notes = readMetadata(noted)
  const create = useMutation({
    mutationFn: () =>
      post('/v1/vms', {
        query: { wait: false },
        body: {
          vm_lifetime_seconds: Number(lifetime),
          ...(chosen === '' ? {} : { snapshot_id: chosen }),
          metadata: { ...notes.pairs, ...(name.trim() === '' ? {} : { [nameKey]: name.trim() }) },
          ...(vcpus === '' ? {} : { vcpu_count: Number(vcpus) }),
          ...(memory === '' ? {} : { memory_mb: Number(memory) }),
          ...(env.pairs === null ? {} : { env: env.pairs }),
          ...(egress === null ? {} : { egress_policy: policyOf(egress) }),
          ...(share === null
            ? {}
            : { share: { port: Number(share.port), is_public: share.isPublic } }),
          ...(keep ? { snapshot_on_terminate: true } : {}),
          ...(keep && keptName.trim() !== '' ? { snapshot_name: keptName.trim() } : {}),
        },
      }),
    onSuccess: async ({ vm_id }) => {
      await stale('/v1/vms', '/v1/snapshots', '/v1/sessions/', '/v1/shares')
      void navigate({ to: '/microvms/$id', params: { id: vm_id } })
    },
  })
  const fields = create.error instanceof ApiError ? create.error.fields : {}
  const tooLong = name.length > longestName ? `Use at most ${longestName} characters.` : null
  return (
    <FormDialog
      title="Start microVM"
      open
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Start microVM"
      submitting="Starting…"
      pending={create.isPending}
      error={create.error}
      labels={labels}
      reason={tooLong ?? env.problem ?? notes.problem ?? (share && whyNotPort(share.port))}
      wide
    >
      <TextField
        label="Name"
        aside={`${name.length}/${longestName}`}
        placeholder="Left empty, its id is its name"
        value={name}
        onValue={setName}
        error={tooLong}
        hint={isTaken && 'Another one is called so; by command both go by their ids then.'}
        autoComplete="off"
        spellCheck={false}
      />
      <SelectField
        label="Begins as"
        value={chosen}
        onValue={setChosen}
        choices={[
          { value: '', words: 'The base: Debian, Python 3, Node' },
          ...ready.map(({ id, name: called, type }) => ({
            value: id,
            words: `${called ?? id}${type === 'system' ? ' (public)' : ''}`,
          })),
        ]}
        hint="It goes on from the snapshot’s memory and disk; only those that are ready are here."
        error={fields.snapshot_id?.[0]}
      />
      <div className="grid grid-cols-2 gap-4 *:first:col-span-full sm:grid-cols-3 sm:*:first:col-span-1">
        <SelectField
          label="Lives for"
          value={lifetime}
          onValue={setLifetime}
          choices={lifetimes}
          error={fields.vm_lifetime_seconds?.[0]}
        />
        <SelectField
          label="vCPUs"
          value={vcpus}
          onValue={setVcpus}
          choices={[asSnapshot, ...vcpuChoices.map(choice)]}
          error={fields.vcpu_count?.[0]}
        />
        <SelectField
          label="Memory"
          value={memory}
          onValue={setMemory}
          choices={[
            asSnapshot,
            ...memoryChoices.map((mb) => ({ value: String(mb), words: memoryWords(mb) })),
          ]}
          error={fields.memory_mb?.[0]}
        />
      </div>
      {(vcpus !== '' || memory !== '') && (
        <p className="text-sm text-ink-3">
          Of another size than its snapshot it is booted from the disk, which takes seconds instead
          of milliseconds.
        </p>
      )}
      <TextArea
        label="Environment"
        mono
        rows={2}
        placeholder="STAGE=test"
        value={environment}
        onValue={setEnvironment}
        error={env.problem ?? fields.env?.[0]}
        hint="One NAME=value to a line, set for all that runs in it. Never part of a snapshot, and never shown again."
        spellCheck={false}
      />
      <TextArea
        label="Metadata"
        mono
        rows={2}
        placeholder="task=tests"
        value={noted}
        onValue={setNoted}
        error={notes.problem ?? fields.metadata?.[0]}
        hint="One NAME=value to a line, for whoever looks for it later."
        spellCheck={false}
      />
      <Switch
        label="Choose what it may reach"
        checked={egress !== null}
        onChecked={(on) => setEgress(on ? noEgress : null)}
        hint="Otherwise it may reach what the operator lets every microVM reach."
      />
      {egress && (
        <Within>
          <EgressFields draft={egress} onDraft={setEgress} errors={fields} />
        </Within>
      )}
      <Switch
        label="Share a port"
        checked={share !== null}
        onChecked={(on) => setShare(on ? usualShare : null)}
        hint="At an address of its own, as long as the microVM lives."
      />
      {share && (
        <Within>
          <ShareFields draft={share} onDraft={setShare} error={fields.port?.[0]} />
        </Within>
      )}
      <Switch
        label="Take a snapshot when it ends"
        checked={keep}
        onChecked={setKeep}
        hint="Otherwise everything in it goes with it."
      />
      {keep && (
        <Within>
          <TextField
            label="Name of the snapshot"
            value={keptName}
            onValue={setKeptName}
            maxLength={255}
            autoComplete="off"
          />
        </Within>
      )}
    </FormDialog>
  )
}

/** What belongs to the switch above it, below its words. */
const Within = ({ children }: { children: ReactNode }) => (
  <div className="flex flex-col gap-4 pl-4 sm:pl-12">{children}</div>
)

const choice = (count: number) => ({ value: String(count), words: String(count) })
