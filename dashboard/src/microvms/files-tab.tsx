/** Files to and from a microVM. What is in it can be looked at by running `ls`. */
import { maximumUploadBytes } from '@garrison/contract/microvms/facts'
import { useMutation } from '@tanstack/react-query'
import { Download, Upload } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { errorOf, wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Switch, TextField } from '../ui/fields.tsx'
import { FileField } from '../ui/file-field.tsx'
import { bytes } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { useVm } from './use-vm.ts'
import { whyNotVm } from './vm.ts'

export function FilesTab() {
  const { session_id, status } = useVm()
  const reason = whyNotVm('execute', status)
  return (
    <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
      <Section title="Upload">
        <UploadForm session={session_id} why={reason} />
      </Section>
      <Section title="Download">
        <DownloadForm session={session_id} why={reason} />
      </Section>
    </div>
  )
}

const largestWords = `${maximumUploadBytes / 1024 / 1024} MiB`

/** What carries files is a form, not JSON. */
async function sendForm(path: string, body: FormData | URLSearchParams, accept: string) {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { Accept: accept },
    body,
  })
  if (response.ok) return response
  throw errorOf(response, await response.json().catch(() => null))
}

type Uploaded = { remote_path: string; size_bytes: number; files: number }

function UploadForm({ session, why }: { session: string; why: string | null }) {
  const [file, setFile] = useState<File | null>(null)
  const [path, setPath] = useState('')
  const [archive, setArchive] = useState(false)
  const tooLarge = file !== null && file.size > maximumUploadBytes
  const send = useMutation({
    mutationFn: async () => {
      const form = new FormData()
      if (file !== null) form.set('file', file)
      form.set('session_id', session)
      if (path.trim() !== '') form.set('remote_path', path.trim())
      if (archive) form.set('recursive', 'true')
      const response = await sendForm('/upload', form, 'application/json')
      return (await response.json()) as Uploaded
    },
  })
  return (
    <Form
      onSubmit={() => send.mutate()}
      button="Upload"
      busy={send.isPending && 'Uploading…'}
      icon={<Upload aria-hidden className="size-4" />}
      reason={why ?? (file === null ? 'Choose a file first' : tooLarge ? 'It is too large' : null)}
    >
      <FileField
        label="File"
        accept="*"
        hint={`At most ${largestWords}.`}
        error={tooLarge ? `This one has ${bytes(file.size)}; ${largestWords} are the most.` : null}
        onFile={setFile}
      />
      <TextField
        label="To"
        mono
        value={path}
        onValue={setPath}
        placeholder={file === null ? '/app/data.csv' : `/app/${file.name}`}
        hint="Below /app unless it begins with a slash. A file that is there is replaced."
        spellCheck={false}
        autoComplete="off"
      />
      <Switch
        label="It is a tar archive to unpack there"
        checked={archive}
        onChecked={setArchive}
      />
      {send.isError && <Notice tone="problem">{wordsOf(send.error)}</Notice>}
      {send.data && (
        <Notice tone="good">
          {send.data.remote_path} is there, {bytes(send.data.size_bytes)}
          {send.data.files > 1 && ` in ${send.data.files} files`}.
        </Notice>
      )}
    </Form>
  )
}

function DownloadForm({ session, why }: { session: string; why: string | null }) {
  const [path, setPath] = useState('')
  const [folder, setFolder] = useState(false)
  const fetched = useMutation({
    mutationFn: async () => {
      const filename = path.trim()
      const form = new URLSearchParams({
        filename,
        session_id: session,
        ...(folder ? { recursive: 'true' } : {}),
      })
      const blob = await (await sendForm('/download', form, 'application/octet-stream')).blob()
      const last = filename.replace(/\/+$/, '').split('/').at(-1) || 'files'
      save(blob, folder ? `${last}.tar` : last)
      return { filename, size: blob.size }
    },
  })
  return (
    <Form
      onSubmit={() => fetched.mutate()}
      button="Download"
      busy={fetched.isPending && 'Downloading…'}
      icon={<Download aria-hidden className="size-4" />}
      reason={why ?? (path.trim() === '' ? 'Say which file' : null)}
    >
      <TextField
        label="From"
        mono
        value={path}
        onValue={setPath}
        placeholder="/app/result.json"
        hint="Below /app unless it begins with a slash."
        spellCheck={false}
        autoComplete="off"
      />
      <Switch label="A folder, as a tar archive" checked={folder} onChecked={setFolder} />
      {fetched.isError && <Notice tone="problem">{wordsOf(fetched.error)}</Notice>}
      {fetched.data && (
        <Notice tone="good">
          {fetched.data.filename} is here, {bytes(fetched.data.size)}.
        </Notice>
      )}
    </Form>
  )
}

/** To where the browser puts what it downloads. */
function save(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

function Form({
  onSubmit,
  button,
  busy,
  icon,
  reason,
  children,
}: {
  onSubmit: () => void
  button: string
  busy: string | false
  icon: ReactNode
  reason: string | null
  children: ReactNode
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reason === null && busy === false) onSubmit()
  }
  return (
    <form onSubmit={submit} className="flex flex-col items-start gap-4 *:w-full">
      {children}
      <div>
        <Button type="submit" look="primary" icon={icon} busy={busy} reason={reason}>
          {button}
        </Button>
      </div>
    </form>
  )
}
