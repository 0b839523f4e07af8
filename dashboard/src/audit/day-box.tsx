export function DayBox({
  label,
  value,
  onValue,
  min,
  max,
}: {
  label: string
  value: string
  onValue: (value: string) => void
  min?: string | undefined
  max?: string | undefined
}) {
  return (
    <label className="flex grow flex-col gap-1 sm:grow-0">
      <span className="text-sm text-ink-3">{label}</span>
      <input
        type="date"
        value={value}
        min={min}
        max={max}
        onChange={(event) => onValue(event.target.value)}
        className="h-(--control) rounded-md border border-edge/70 bg-raised px-2.5"
      />
    </label>
  )
}
