import { whyNot } from '@garrison/contract/volumes/states'
import { Link } from '@tanstack/react-router'
import { Database, Ellipsis } from 'lucide-react'
import type { Answer } from '../api/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Card, Facts } from '../ui/card.tsx'
import { gigabytes, rate } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Status } from '../ui/status.tsx'

export type Volume = Answer<'get', '/api/volumes/'>['volumes'][number]
export type VolumeAsk = 'attach' | 'detach' | 'resize' | 'clone' | 'delete'

/** What the dashboard calls the published types. */
const typeNames: Readonly<Record<string, string>> = { SSD: 'Cloud-SSD' }
export const typeName = (type: string) => typeNames[type] ?? type

/** Growing and copying are for one tier, as published. */
const onlyAdvanced = ({ tier }: Volume, verb: string) =>
  tier === 'advanced' ? null : `Volumes of this region cannot be ${verb}`

export function VolumeCard({
  volume,
  onAsk,
}: {
  volume: Volume
  onAsk: (what: VolumeAsk) => void
}) {
  const { name, status, attached_to, error } = volume
  const attached = attached_to !== null
  return (
    <Card
      title={name}
      mark={<Database aria-hidden className="size-4" />}
      status={<Status status={status} why={error} />}
      actions={
        <>
          {attached ? (
            <Button reason={whyNot('detach', status)} onClick={() => onAsk('detach')}>
              Detach
            </Button>
          ) : (
            <Button reason={whyNot('attach', status)} onClick={() => onAsk('attach')}>
              Attach
            </Button>
          )}
          <Button
            look="danger-ask"
            reason={attached ? 'It is attached; detach it first' : whyNot('delete', status)}
            onClick={() => onAsk('delete')}
          >
            Delete
          </Button>
          <span className="grow" />
          <Menu
            trigger={
              <IconButton
                name={`More for ${name}`}
                icon={<Ellipsis aria-hidden className="size-4" />}
              />
            }
            actions={[
              {
                words: 'Resize',
                reason: onlyAdvanced(volume, 'resized') ?? whyNot('resize', status),
                onClick: () => onAsk('resize'),
              },
              {
                words: 'Clone',
                reason: onlyAdvanced(volume, 'cloned') ?? whyNot('clone', status),
                onClick: () => onAsk('clone'),
              },
            ]}
          />
        </>
      }
    >
      <Facts
        columns="card"
        facts={[
          [
            'Attached to',
            attached_to ? (
              <span key="vm" className="inline-flex flex-wrap items-center gap-x-3">
                <Link
                  to="/instances/$id"
                  params={{ id: attached_to.instance_id }}
                  className="hover:text-accent"
                >
                  {attached_to.vm_name}
                </Link>
                <Status status={attached_to.vm_status} />
              </span>
            ) : (
              'nothing'
            ),
          ],
          ['Size', gigabytes(volume.size_gb)],
          ['Region', volume.region],
          ['Type', typeName(volume.volume_type)],
          ['Bootable', volume.bootable ? (volume.os_image ?? 'Yes') : 'No'],
          ['Costs', rate(volume.hourly_rate, volume.currency)],
        ]}
      />
      {error && <p className="mt-2 text-sm text-problem">{error}</p>}
    </Card>
  )
}
