import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Notice } from '../ui/notice.tsx'

/** Those that are not there yet for want of room; nothing when there are none. */
export function WaitingLine() {
  const { data } = useQuery({
    ...reading('/api/deploy-requests/', { query: { state: 'waiting', page_size: 1 } }),
    refetchInterval: pollWhenBroken,
  })
  const count = data?.pagination.total_count ?? 0
  if (count === 0) return null
  return (
    <Notice>
      {count === 1 ? 'One deployment waits' : `${count} deployments wait`} for room.{' '}
      <Link to="/deploy-requests" search={{ state: 'waiting' }} className="text-accent underline">
        See {count === 1 ? 'it' : 'them'}
      </Link>
    </Notice>
  )
}
