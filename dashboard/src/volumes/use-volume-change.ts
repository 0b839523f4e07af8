import { useMutation } from '@tanstack/react-query'
import { stale } from '../api/queries.ts'

/** A change of volumes, after which what shows them is asked for again and the dialog closes. */
export const useVolumeChange = (change: () => Promise<unknown>, onDone: () => void) =>
  useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await stale('/api/volumes/', '/api/instances/', '/api/operations/')
      onDone()
    },
  })
