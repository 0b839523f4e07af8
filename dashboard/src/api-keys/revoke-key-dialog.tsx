import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { Time } from '../ui/time.tsx'
import type { ApiKey } from './api-keys-page.tsx'

export function RevokeKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const revoke = useMutation({
    mutationFn: () =>
      del('/api/account/api-keys/{api_key_id}/', { params: { api_key_id: apiKey.id } }),
    onSuccess: async () => {
      await stale('/api/account/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="API key"
      name={apiKey.name}
      verb="Revoke"
      working="Revoking…"
      open
      onClose={onClose}
      onConfirm={() => revoke.mutate()}
      pending={revoke.isPending}
      error={revoke.error}
    >
      <p className="text-ink-2">
        {apiKey.last_used_at === null ? (
          'It was never used.'
        ) : (
          <>
            It was last used <Time at={apiKey.last_used_at} />.
          </>
        )}{' '}
        Whatever uses it is refused from now on, and consoles that it opened close. What it has made
        stays.
      </p>
    </ConfirmDelete>
  )
}
