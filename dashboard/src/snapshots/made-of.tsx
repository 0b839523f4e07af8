/** What came of a snapshot or an image: both stay when it goes, and each leads to the other. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { Facts } from '../ui/card.tsx'
import { Problem } from '../ui/panel.tsx'
import { Status } from '../ui/status.tsx'

type Made = Answer<'get', '/api/snapshots/{snapshot_id}/'>['instances']

export function MadeOfSnapshot({ id }: { id: string }) {
  const params = { snapshot_id: id }
  const details = useQuery(reading('/api/snapshots/{snapshot_id}/', { params }))
  const related = useQuery(reading('/api/custom-images/relationships/{snapshot_id}/', { params }))
  const trouble = details.error ?? related.error
  if (trouble) return <Problem error={trouble} />
  const instances = details.data?.instances ?? []
  const images = related.data?.images ?? []
  if (instances.length + images.length === 0) return null
  return (
    <>
      <h3>Made of it</h3>
      <Facts
        facts={[
          [
            'Images',
            images.length === 0 ? null : (
              <ul key="images">
                {images.map(({ image_id, image_name, status }) => (
                  <li key={image_id} className="flex flex-wrap items-center gap-x-3">
                    <Link
                      to="/images"
                      search={{ image: image_id }}
                      className="min-w-0 break-words underline"
                    >
                      {image_name}
                    </Link>
                    <Status status={status} />
                  </li>
                ))}
              </ul>
            ),
          ],
          [
            'Instances',
            instances.length === 0 ? null : <MadeInstances key="instances" made={instances} />,
          ],
        ]}
      />
    </>
  )
}

export const MadeInstances = ({ made }: { made: Made }) => (
  <ul className="max-h-40 overflow-y-auto">
    {made.map(({ instance_id, vm_name, status }) => (
      <li key={instance_id} className="flex flex-wrap items-center gap-x-3">
        <Link
          to="/instances/$id"
          params={{ id: instance_id }}
          className="min-w-0 break-words underline"
        >
          {vm_name}
        </Link>
        <Status status={status} />
      </li>
    ))}
  </ul>
)
