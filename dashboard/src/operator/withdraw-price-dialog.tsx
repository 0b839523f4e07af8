import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Time } from '../ui/time.tsx'
import { type PriceChange, priceName } from './price-words.ts'

export function WithdrawPriceDialog({
  change,
  onClose,
}: {
  change: PriceChange
  onClose: () => void
}) {
  const withdraw = useMutation({
    mutationFn: () => del('/api/operator/prices/{price_id}/', { params: { price_id: change.id } }),
    onSuccess: async () => {
      await stale('/api/operator/prices/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Withdraw the change"
      open
      onClose={onClose}
      onSubmit={() => withdraw.mutate()}
      submit="Withdraw change"
      submitting="Withdrawing…"
      pending={withdraw.isPending}
      error={withdraw.error}
      look="danger"
    >
      <p>
        The price of <strong className="font-semibold">{priceName(change)}</strong> does not change
        on <Time at={change.effective_from} exact />. Everybody who was told of it is told of this
        too.
      </p>
    </FormDialog>
  )
}
