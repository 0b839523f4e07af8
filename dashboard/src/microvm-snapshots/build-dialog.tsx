import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { type Body, post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { memoryWords, readEnvironment } from '../microvms/vm.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextArea, TextField } from '../ui/fields.tsx'

type Arguments = NonNullable<Body<'post', '/v1/snapshots'>['build_args']>

/** What can be added to the image, and what is asked for it. */
const additions = [
  ['extra_apt_packages', 'Debian packages', 'git curl'],
  ['extra_pip_packages', 'Python packages', 'numpy pandas==2.2.3'],
  ['extra_npm_packages', 'Node packages', 'typescript'],
  ['git_clone_url', 'Git repository', 'https://example.org/me/tool.git'],
  ['git_clone_branch', 'Branch', 'main'],
] as const
/** What fields of the API are called here. */
const labels = {
  ...{
    oci_image: 'Image',
    disk_size_gb: 'Disk',
    post_build_cmd: 'Command at the end',
    envs: 'Environment',
  },
  ...Object.fromEntries(additions.map(([key, label]) => [key, label])),
}
type Addition = (typeof additions)[number][0]

const memoryChoices = [128, 256, 512, 1024, 2048, 4096, 8192]
const numbers = (most: number) =>
  Array.from({ length: most }, (_, at) => ({ value: String(at + 1), words: String(at + 1) }))

export function BuildDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const isOperator = useMe().role === 'operator'
  const [image, setImage] = useState('')
  const [name, setName] = useState('')
  const [vcpus, setVcpus] = useState('2')
  const [memory, setMemory] = useState('512')
  const [disk, setDisk] = useState('')
  const [added, setAdded] = useState<Partial<Record<Addition, string>>>({})
  const [command, setCommand] = useState('')
  const [environment, setEnvironment] = useState('')
  const [isPublic, setPublic] = useState(false)
  const { pairs: envs, problem } = readEnvironment(environment)
  const build_args: Arguments = {
    ...Object.fromEntries(
      Object.entries(added).flatMap(([key, text]) =>
        text.trim() === '' ? [] : [[key, text.trim()]],
      ),
    ),
    ...(disk === '' ? {} : { disk_size_gb: Number(disk) }),
    ...(command.trim() === '' ? {} : { post_build_cmd: command }),
    ...(envs === null || Object.keys(envs).length === 0 ? {} : { envs }),
  }
  const build = useMutation({
    mutationFn: () =>
      post('/v1/snapshots', {
        body: {
          oci_image: image.trim(),
          ...(name.trim() === '' ? {} : { name: name.trim() }),
          vcpu_count: Number(vcpus),
          memory_mb: Number(memory),
          ...(isPublic ? { type: 'system' } : {}),
          ...(Object.keys(build_args).length === 0 ? {} : { build_args }),
        },
      }),
    onSuccess: async ({ id }) => {
      await stale('/v1/snapshots')
      void navigate({ to: '/microvms/snapshots/$id', params: { id } })
    },
  })
  const fields = build.error instanceof ApiError ? build.error.fields : {}
  return (
    <FormDialog
      title="Build snapshot"
      open
      onClose={onClose}
      onSubmit={() => build.mutate()}
      submit="Build snapshot"
      submitting="Beginning…"
      pending={build.isPending}
      error={build.error}
      labels={labels}
      reason={image.trim() === '' ? 'Name an image first' : problem}
      wide
    >
      <TextField
        label="Image"
        mono
        value={image}
        onValue={setImage}
        placeholder="python:3.12-slim"
        maxLength={512}
        hint="In a registry, by tag or digest, as docker pull has it."
        error={fields.oci_image?.[0]}
        autoComplete="off"
        spellCheck={false}
      />
      <TextField
        label="Name"
        aside={`${name.length}/255`}
        value={name}
        onValue={setName}
        maxLength={255}
        placeholder="python"
        error={fields.name?.[0]}
        autoComplete="off"
      />
      <div className="grid grid-cols-2 gap-4 *:last:col-span-full sm:grid-cols-3 sm:*:last:col-span-1">
        <SelectField label="vCPUs" value={vcpus} onValue={setVcpus} choices={numbers(8)} />
        <SelectField
          label="Memory"
          value={memory}
          onValue={setMemory}
          choices={memoryChoices.map((mb) => ({ value: String(mb), words: memoryWords(mb) }))}
        />
        <SelectField
          label="Disk"
          value={disk}
          onValue={setDisk}
          choices={[
            { value: '', words: 'As needed' },
            ...numbers(16).map((each) => ({ ...each, words: `${each.words} GB` })),
          ]}
        />
      </div>
      <details className="group">
        <summary className="cursor-pointer font-medium">Add to the image</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          {additions.map(([key, label, placeholder]) => (
            <TextField
              key={key}
              label={label}
              mono
              value={added[key] ?? ''}
              onValue={(value) => setAdded((before) => ({ ...before, [key]: value }))}
              placeholder={placeholder}
              error={fields[key]?.[0]}
              spellCheck={false}
              autoCapitalize="none"
              autoComplete="off"
            />
          ))}
        </div>
        <div className="mt-4 flex flex-col gap-4">
          <TextArea
            label="Command at the end"
            mono
            rows={3}
            value={command}
            onValue={setCommand}
            placeholder="cd /app/repo && make"
            hint="By bash, as root; the build fails when it does. The repository is in /app/repo."
            error={fields.post_build_cmd?.[0]}
            spellCheck={false}
          />
          <TextArea
            label="Environment"
            mono
            rows={2}
            value={environment}
            onValue={setEnvironment}
            placeholder="STAGE=test"
            hint="One NAME=value to a line. It becomes part of the snapshot: put no secrets here."
            error={problem ?? fields.envs?.[0]}
            spellCheck={false}
          />
        </div>
      </details>
      {isOperator && (
        <Switch
          label="Public"
          hint="Everybody on this installation may begin microVMs as it."
          checked={isPublic}
          onChecked={setPublic}
        />
      )}
    </FormDialog>
  )
}
