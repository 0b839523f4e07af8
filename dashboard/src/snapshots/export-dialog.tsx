import { whyNot } from '@garrison/contract/snapshot-exports/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Download, Trash2 } from 'lucide-react'
import { type Answer, del, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Steps } from '../operations/steps.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { Code, Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { bytes } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { isChanging } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import type { Snapshot } from './snapshot-card.tsx'

type Export = NonNullable<Answer<'get', '/api/snapshots/{snapshot_id}/'>['export']>

/** A file of the disk to take elsewhere. It is made once, stays for a day, and can be made again. */
export function ExportDialog({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const params = { snapshot_id: snapshot.id }
  // Asked for by its own path, none would be an error.
  const made = useQuery({
    ...reading('/api/snapshots/{snapshot_id}/', { params }),
    refetchInterval: ({ state }) =>
      state.data?.export && isChanging(state.data.export.status) ? 2_000 : pollWhenBroken(),
  })
  const refresh = () => stale('/api/snapshots/{snapshot_id}/')
  const begin = useMutation({
    mutationFn: () => post('/api/snapshots/{snapshot_id}/export/', { params }),
    onSuccess: refresh,
  })
  const remove = useMutation({
    mutationFn: () => del('/api/snapshots/{snapshot_id}/export/', { params }),
    onSuccess: refresh,
  })
  const shown = made.data?.export
  const trouble = begin.error ?? remove.error ?? made.error
  return (
    <Dialog title={`Export ${snapshot.name}`} open onClose={onClose} wide>
      <DialogBody>
        {made.isPending && <Spinner words="Looking for an export …" />}
        {shown === null && (
          <>
            <p className="text-ink-2">
              Makes a file of the disk that needs nothing else: a compressed qcow2, to keep
              elsewhere or to import into another Garrison. It is there for a day; the snapshot
              stays.{snapshot.memory && ' Memory is not in it.'}
            </p>
            <div>
              <Button
                look="primary"
                busy={begin.isPending && 'Exporting…'}
                onClick={() => begin.mutate()}
              >
                Export snapshot
              </Button>
            </div>
          </>
        )}
        {shown && (
          <Made
            shown={shown}
            again={
              <Button busy={begin.isPending && 'Exporting…'} onClick={() => begin.mutate()}>
                Export again
              </Button>
            }
            remove={
              <Button
                look="danger-ask"
                icon={<Trash2 aria-hidden className="size-4" />}
                busy={remove.isPending && 'Deleting…'}
                reason={whyNot('delete', shown.status)}
                onClick={() => remove.mutate()}
              >
                {shown.status === 'CREATING' ? 'Call it off' : 'Delete export'}
              </Button>
            }
          />
        )}
        {trouble && <Problem error={trouble} />}
      </DialogBody>
    </Dialog>
  )
}

function Made({
  shown,
  again,
  remove,
}: {
  shown: Export
  again: React.ReactNode
  remove: React.ReactNode
}) {
  const { status, manifest, download_path, operation_id, expires_at, error } = shown
  if (status === 'ERROR') {
    return (
      <>
        <Notice tone="problem">{error ?? 'The export failed.'} Nothing was changed.</Notice>
        <div className="flex flex-wrap gap-2">
          {again}
          {remove}
        </div>
      </>
    )
  }
  if (manifest === null || download_path === null) {
    return (
      <>
        <p className="text-ink-2">
          {status === 'DELETING' ? 'The export is being removed.' : 'The file is being made.'} You
          can close this; it goes on.
        </p>
        <Steps operationId={operation_id} />
        <div>{remove}</div>
      </>
    )
  }
  const [file] = manifest.files
  const beside = `${manifest.name}.qcow2.json`
  return (
    <>
      <p className="text-ink-2">Keep both: an import wants the disk and its manifest.</p>
      <div className="flex flex-wrap gap-2">
        <a
          href={download_path}
          download={`${manifest.name}.qcow2`}
          className={buttonClass('primary')}
        >
          <Download aria-hidden className="size-4" />
          Download disk{file && ` (${bytes(file.size_bytes)})`}
        </a>
        <a
          href={`data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(manifest, null, 2))}`}
          download={beside}
          className={buttonClass('plain')}
        >
          <Download aria-hidden className="size-4" />
          Download manifest
        </a>
        {remove}
      </div>
      <Facts
        facts={[
          ['Deleted by itself', expires_at && <Time key="expires" at={expires_at} />],
          ['Unpacked', file && bytes(file.virtual_size_bytes)],
          ['SHA-256', file && <Copyable key="sum" text={file.sha256} name="Copy checksum" />],
        ]}
      />
      <p className="text-sm text-ink-3">
        A download that broke off goes on where it was, with the same command.
      </p>
      <Code
        label="curl command"
        text={`curl -C - -o ${JSON.stringify(`${manifest.name}.qcow2`)} ${location.origin}${download_path} \\\n  -H "Authorization: Api-Key $GARRISON_API_KEY"`}
      />
    </>
  )
}
