import { whyNot } from '@garrison/contract/snapshot-imports/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { del } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { bytes, duration } from '../ui/format.ts'
import { Time } from '../ui/time.tsx'
import type { Snapshot } from './snapshot-card.tsx'
import { startUpload, stopUpload, useUpload, whyNotFile } from './uploads.ts'

/** How much of an imported file is there, and how to go on after a break or a reload. */
export function ImportProgress({ snapshot: { id, name } }: { snapshot: Snapshot }) {
  const params = { snapshot_id: id }
  const upload = useUpload(id)
  const sending = upload !== null && !upload.paused && upload.problem === null
  const picker = useId()
  const [wrong, setWrong] = useState<string | null>(null)
  const [asking, setAsking] = useState(false)
  const { data } = useQuery({
    ...reading('/api/snapshots/{snapshot_id}/import/', { params }),
    // Somebody may be sending it from elsewhere; bytes are no event.
    refetchInterval: () => (sending ? pollWhenBroken() : 5_000),
  })
  const giveUp = useMutation({
    mutationFn: async () => {
      stopUpload(id)
      return del('/api/snapshots/{snapshot_id}/import/', { params })
    },
    onSuccess: () => stale('/api/snapshots/'),
  })
  if (data === undefined || data.import.status === 'SUCCESS') return null
  const { status, size_bytes, received_bytes, upload_path, expires_at } = data.import
  const received = Math.max(upload?.received ?? 0, received_bytes)
  if (status === 'VERIFYING') {
    return <p className="mt-2 text-sm text-ink-3">All of it is there; it is being verified.</p>
  }
  const choose = (file: File | undefined) => {
    if (file === undefined) return
    const reason = whyNotFile(file, size_bytes)
    setWrong(reason)
    if (reason === null) void startUpload(id, file, upload_path)
  }
  const left = upload?.speed ? (size_bytes - received) / upload.speed : null
  return (
    <div className="mt-2 flex flex-col gap-2 rounded-md bg-sunken px-3.5 py-3">
      <p className="flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">
          {sending ? 'Uploading' : upload?.paused ? 'Paused' : 'Waits for its file'}
        </span>
        <span className="text-ink-3">
          {bytes(received)} of {bytes(size_bytes)}
        </span>
      </p>
      <progress
        aria-label={`Upload of ${name}`}
        value={received}
        max={size_bytes}
        className="progress h-1.5 w-full"
      />
      {sending ? (
        <p className="text-sm text-ink-3">
          {left === null
            ? 'Keep this window open.'
            : `About ${duration(left)} left. Keep this window open.`}
        </p>
      ) : (
        <p className="text-sm text-ink-3">
          {received > 0
            ? 'It goes on where it stopped: choose the same disk. '
            : 'Choose the disk. '}
          {expires_at && (
            <>
              Given up <Time at={expires_at} /> if nothing comes.
            </>
          )}
        </p>
      )}
      {(wrong ?? upload?.problem) && (
        <p role="alert" className="text-sm text-problem">
          {wrong ?? upload?.problem}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {sending ? (
          <Button onClick={() => stopUpload(id)}>Pause</Button>
        ) : (
          <>
            <input
              id={picker}
              type="file"
              aria-label={`Disk of ${name}`}
              className="sr-only"
              tabIndex={-1}
              onChange={({ target }) => {
                choose(target.files?.[0])
                target.value = ''
              }}
            />
            <Button onClick={() => document.getElementById(picker)?.click()}>
              {received > 0 ? 'Go on' : 'Choose disk'}
            </Button>
          </>
        )}
        <Button look="quiet" reason={whyNot('delete', status)} onClick={() => setAsking(true)}>
          Give up
        </Button>
      </div>
      {asking && (
        <ConfirmDelete
          kind="import"
          name={name}
          verb="Give up"
          working="Giving up…"
          open
          onClose={() => setAsking(false)}
          onConfirm={() => giveUp.mutate()}
          pending={giveUp.isPending}
          error={giveUp.error}
        >
          <p className="text-ink-2">
            {bytes(received)} of {bytes(size_bytes)} are there; they are deleted. The file that you
            send stays where it is.
          </p>
        </ConfirmDelete>
      )}
    </div>
  )
}
