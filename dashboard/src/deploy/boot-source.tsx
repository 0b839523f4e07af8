import { useQuery } from '@tanstack/react-query'
import { reading } from '../api/queries.ts'
import { Section } from '../ui/card.tsx'
import { cx } from '../ui/cx.ts'
import { SelectField } from '../ui/fields.tsx'
import { gigabytes } from '../ui/format.ts'
import { Spinner } from '../ui/spinner.tsx'

type Boot = 'os_image' | 'volume' | 'custom_image'
type Source = { value: string; words: string }

const tabs: readonly { value: Boot; words: string; none: string }[] = [
  { value: 'os_image', words: 'OS image', none: 'This region has no OS image.' },
  {
    value: 'volume',
    words: 'Volume',
    none: 'No bootable volume of this region is free. Make one on the volumes page.',
  },
  {
    value: 'custom_image',
    words: 'Custom image',
    none: 'You have no image in this region. Make one of a snapshot.',
  },
]

/** What a machine in the region can boot from. */
export function useSources(boot: Boot, region: string): { loading: boolean; choices: Source[] } {
  const systems = useQuery({
    ...reading('/api/os-images/', { query: { region } }),
    enabled: boot === 'os_image',
  })
  const volumes = useQuery({
    ...reading('/api/volumes/', {
      query: { region, bootable: 'true', status: 'available', page_size: 100 },
    }),
    enabled: boot === 'volume',
  })
  const images = useQuery({
    ...reading('/api/custom-images/', { query: { region, page_size: 100 } }),
    enabled: boot === 'custom_image',
  })
  switch (boot) {
    case 'os_image':
      return {
        loading: systems.isPending,
        choices: (systems.data?.images ?? []).map(({ name }) => ({ value: name, words: name })),
      }
    case 'volume':
      return {
        loading: volumes.isPending,
        choices: (volumes.data?.volumes ?? []).map(({ id, name, size_gb }) => ({
          value: id,
          words: `${name} (${gigabytes(size_gb)})`,
        })),
      }
    case 'custom_image':
      return {
        loading: images.isPending,
        choices: (images.data?.images ?? [])
          .filter(({ status }) => status === 'available')
          .map(({ id, name, size }) => ({ value: id, words: `${name} (${size})` })),
      }
  }
}

export function BootSource({
  boot,
  sources,
  value,
  onBoot,
  onSource,
}: {
  boot: Boot
  sources: { loading: boolean; choices: Source[] }
  value: string | undefined
  onBoot: (boot: Boot) => void
  onSource: (source: string) => void
}) {
  const none = tabs.find((tab) => tab.value === boot)?.none
  return (
    <Section title="Boot from">
      <fieldset className="flex flex-wrap gap-1">
        <legend className="sr-only">Kind of source</legend>
        {tabs.map((tab) => (
          <label
            key={tab.value}
            className={cx(
              'inline-flex h-(--control) cursor-pointer items-center rounded-md px-3 has-focus-visible:outline-2 has-focus-visible:outline-accent',
              tab.value === boot
                ? 'bg-accent-soft font-medium text-accent'
                : 'text-ink-2 hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name="boot source"
              checked={tab.value === boot}
              onChange={() => onBoot(tab.value)}
              className="sr-only"
            />
            {tab.words}
          </label>
        ))}
      </fieldset>
      {sources.loading ? (
        <Spinner words="Loading …" />
      ) : sources.choices.length === 0 ? (
        <p className="text-ink-2">{none}</p>
      ) : (
        <div className="max-w-md">
          <SelectField
            label={tabs.find((tab) => tab.value === boot)?.words ?? ''}
            value={value ?? ''}
            onValue={onSource}
            choices={sources.choices}
          />
        </div>
      )}
    </Section>
  )
}
