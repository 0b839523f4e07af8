import { Link } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { Notice } from '../ui/notice.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

/** What somebody should see before anything else; nothing when all is well. */
export function Attention({ instances }: { instances: readonly Row[] }) {
  const broken = instances.filter((each) => each.status === 'ERROR')
  if (broken.length === 0) return null
  return (
    <Notice tone="problem">
      {broken.length === 1 ? 'One instance is' : `${broken.length} instances are`} in trouble:{' '}
      {broken.slice(0, 5).map(({ instance_id, vm_name }, index) => (
        <span key={instance_id}>
          {index > 0 && ', '}
          <Link to="/instances/$id" params={{ id: instance_id }} className="underline">
            {vm_name}
          </Link>
        </span>
      ))}
      {broken.length > 5 && ' and others'}.
    </Notice>
  )
}
