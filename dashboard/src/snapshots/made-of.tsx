/** The images of a snapshot: they stay when it goes, and each leads to the other. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { reading } from '../api/queries.ts'
import { Facts } from '../ui/card.tsx'
import { Problem } from '../ui/panel.tsx'
import { Status } from '../ui/status.tsx'

export function MadeOfSnapshot({ id }: { id: string }) {
  const params = { snapshot_id: id }
  const related = useQuery(reading('/api/custom-images/relationships/{snapshot_id}/', { params }))
  if (related.error) return <Problem error={related.error} />
  const images = related.data?.images ?? []
  if (images.length === 0) return null
  return (
    <>
      <h3>Made of it</h3>
      <Facts
        facts={[
          [
            'Images',
            <ul key="images" className="max-h-40 overflow-y-auto">
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
            </ul>,
          ],
        ]}
      />
    </>
  )
}
