import { whyNot } from '@garrison/contract/images/states'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { isNotFound } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { StepsOf } from '../operations/steps.tsx'
import { MadeInstances } from '../snapshots/made-of.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { gigabytes } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'

export function ImageDetailsDialog({
  id,
  onClose,
  onDelete,
}: {
  id: string
  onClose: () => void
  /** Left out where it is shown because it was just asked for. */
  onDelete?: (image: { id: string; name: string }) => void
}) {
  const { data, error } = useQuery({
    ...reading('/api/custom-images/{image_id}/', { params: { image_id: id } }),
    refetchInterval: pollWhenBroken,
  })
  const gone = isNotFound(error)
  const shown = gone || data?.image.id !== id ? undefined : data
  const image = shown?.image
  const whyNoDeploy = image ? whyNot('deploy', image.status) : null
  return (
    <Dialog title={image?.name ?? 'Image'} open onClose={onClose}>
      <DialogBody>
        {gone ? (
          <Notice tone="warning">There is no such image; it may have been deleted.</Notice>
        ) : error ? (
          <Problem error={error} />
        ) : (
          shown === undefined && <Spinner words="Loading the image …" />
        )}
        {shown && image && (
          <>
            <Facts
              facts={[
                ['Status', <Status key="status" status={image.status} why={shown.error} />],
                ['Problem', shown.error],
                ['Region', shown.region],
                ['Size', image.status === 'creating' ? 'not known yet' : image.size],
                ['Needs a disk of', gigabytes(shown.min_disk_gb)],
                ['OS image', shown.os],
                [
                  'Made of',
                  <Link
                    key="snapshot"
                    to="/snapshots"
                    search={{ search: image.snapshot_name }}
                    className="break-words underline"
                  >
                    {image.snapshot_name}
                  </Link>,
                ],
                ['Created', <Time key="created" at={image.created} exact />],
                [
                  'Instances',
                  shown.instances.length === 0 ? (
                    'None was deployed from it'
                  ) : (
                    <MadeInstances key="instances" made={shown.instances} />
                  ),
                ],
                ['Description', image.description || null],
                ['Id', <Copyable key="id" text={image.id} name="Copy id" />],
              ]}
            />
            {image.status === 'creating' && (
              <>
                <StepsOf subject={image.id} />
                <p className="text-sm text-ink-3">You can close this; it goes on.</p>
              </>
            )}
          </>
        )}
      </DialogBody>
      {image && (
        <div className="flex flex-wrap justify-end gap-2 border-t border-hairline px-5 py-3">
          {onDelete && (
            <Button
              look="danger-ask"
              reason={whyNot('delete', image.status)}
              onClick={() => onDelete(image)}
            >
              Delete
            </Button>
          )}
          {whyNoDeploy ? (
            <Button look="primary" reason={whyNoDeploy}>
              Deploy an instance
            </Button>
          ) : (
            <Link
              to="/instances/new"
              search={{ boot: 'custom_image', source: image.id, in: shown?.region }}
              className={buttonClass('primary')}
            >
              Deploy an instance
            </Link>
          )}
        </div>
      )}
    </Dialog>
  )
}
