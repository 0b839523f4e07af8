import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextField } from '../ui/fields.tsx'
import { money, monthly, rate } from '../ui/format.ts'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'
import { useVolumeChange } from './use-volume-change.ts'
import { useVolumeNames } from './use-volume-names.ts'
import { typeName } from './volume-card.tsx'

/** GB that an OS image is given at least, as published. */
const bootableGb = 100

export function CreateVolumeDialog({
  suggested,
  onClose,
}: {
  /** The name that the server suggests. */
  suggested: string
  onClose: () => void
}) {
  const { currency } = useMe()
  const everywhere = useRegion()
  const types = useQuery(reading('/api/volumes/types/'))
  const kinds = types.data?.volume_types ?? []
  const regions = [...new Set(kinds.flatMap((kind) => kind.regions))]
  const [name, setName] = useState(suggested)
  const [region, setRegion] = useState(everywhere)
  const place = region || regions[0] || ''
  const offered = kinds.filter((kind) => kind.regions.includes(place))
  const [type, setType] = useState('')
  const kind = offered.find((each) => each.type === type) ?? offered[0]
  const [bootable, setBootable] = useState(false)
  const least = Math.max(
    kind?.minimum_size_gb ?? 1,
    bootable && kind?.tier ? leastBootable(kind) : 1,
  )
  /** As typed; null: untouched, or not enough for what was chosen since. */
  const [size, setSize] = useState<string | null>(null)
  const gb = size === null ? least : Number(size)
  const images = useQuery({
    ...reading('/api/os-images/', { query: { region: place } }),
    enabled: bootable && place !== '',
  })
  const systems = images.data?.images ?? []
  const [image, setImage] = useState('')
  const system = systems.find((each) => each.name === image)?.name ?? systems[0]?.name ?? ''
  const taken = useVolumeNames(name)
  const sizeProblem =
    Number.isInteger(gb) && gb >= least && gb <= 1_048_576
      ? null
      : `From ${least} to 1,048,576 GB in ${place}.`
  const create = useVolumeChange(
    () =>
      post('/api/volumes/', {
        body: {
          name,
          region: place,
          size_gb: gb,
          volume_type: kind?.type as 'SSD',
          bootable,
          ...(bootable ? { os_image: system } : {}),
        },
      }),
    onClose,
  )
  const fields = create.error instanceof ApiError ? create.error.fields : {}
  const hourly = ((kind?.prices[currency] ?? 0) * gb) / 1000
  const noSystem = bootable && images.data && systems.length === 0
  return (
    <FormDialog
      title="Create volume"
      open
      wide
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create volume"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={
        place === ''
          ? 'No region has volumes'
          : noSystem
            ? `No OS image in ${place}`
            : (nameProblem(name, { taken }) ?? sizeProblem)
      }
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <NameField value={name} onValue={setName} taken={taken} error={fields.name?.[0]} />
        <SelectField
          label="Region"
          value={place}
          onValue={setRegion}
          choices={regions.map((value) => ({ value, words: value }))}
          hint="It stays there."
        />
        <TextField
          label="Size in GB"
          inputMode="numeric"
          value={size ?? String(least)}
          onValue={setSize}
          error={sizeProblem ?? fields.size_gb?.[0]}
        />
        <div className="flex items-end pb-1">
          <Switch
            label="Bootable"
            hint="Made from an OS image, to boot from."
            checked={bootable}
            onChecked={(next) => {
              setBootable(next)
              if (next && gb < bootableGb) setSize(null)
            }}
            reason={
              kind && !kind.bootable_supported ? `Volumes of ${place} cannot be booted from` : null
            }
          />
        </div>
        {offered.length > 1 && (
          <SelectField
            label="Type"
            value={kind?.type ?? ''}
            onValue={setType}
            choices={offered.map((each) => ({
              value: each.type,
              words: `${typeName(each.type)}, ${money(each.prices[currency] ?? 0, currency)} ${each.unit}`,
            }))}
          />
        )}
        {bootable && systems.length > 0 && (
          <SelectField
            label="OS image"
            value={system}
            onValue={setImage}
            choices={systems.map(({ name: value }) => ({ value, words: value }))}
          />
        )}
      </div>
      {noSystem && <Notice tone="problem">There is no OS image in {place}.</Notice>}
      <p className="text-ink-2">
        {rate(hourly, currency)} · {monthly(hourly, currency)} a month, until it is deleted.
      </p>
    </FormDialog>
  )
}

/** Regions with small volumes boot from small ones too. */
const leastBootable = ({ minimum_size_gb }: { minimum_size_gb: number }) =>
  minimum_size_gb >= bootableGb ? minimum_size_gb : 1
