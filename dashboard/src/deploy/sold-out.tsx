import { useMe } from '../shell/session.ts'
import { Checkbox, SelectField } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import type { Alternative } from './stock.ts'

const waits = [
  [0, 'Do not wait'],
  [1, 'An hour'],
  [6, '6 hours'],
  [24, 'A day'],
  [72, '3 days'],
  [167, '7 days'],
] as const

/** What to do when there is none: wait, or take something else. */
export function SoldOut({
  waitHours,
  onWaitHours,
  alternatives,
  chosen,
  onChosen,
}: {
  waitHours: number
  onWaitHours: (hours: number) => void
  alternatives: readonly Alternative[]
  /** Keys of those that would do as well. */
  chosen: readonly string[]
  onChosen: (keys: readonly string[]) => void
}) {
  const { currency } = useMe()
  return (
    <>
      <Notice tone="warning">
        This is sold out right now. Let the deployment wait for room, or take something else.
      </Notice>
      <SelectField
        label="Wait for room"
        value={String(waitHours)}
        onValue={(hours) => onWaitHours(Number(hours))}
        choices={waits.map(([hours, words]) => ({ value: String(hours), words }))}
      />
      {alternatives.length > 0 && (
        <fieldset className="flex flex-col gap-2">
          <legend className="pb-2 font-medium">These would do as well</legend>
          {alternatives.map(({ key, flavor }) => (
            <Checkbox
              key={key}
              label={`${flavor.gpu_count > 0 ? `${flavor.gpu_count} × ${flavor.gpu_type}` : flavor.name} in ${flavor.region}`}
              hint={`${money(flavor.prices[currency] ?? 0, currency)}/h · ${flavor.available ? 'there now' : 'sold out as well'}`}
              checked={chosen.includes(key)}
              onChecked={(on) =>
                onChosen(on ? [...chosen, key] : chosen.filter((other) => other !== key))
              }
            />
          ))}
        </fieldset>
      )}
    </>
  )
}
