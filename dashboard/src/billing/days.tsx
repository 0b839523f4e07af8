import { type Currency, money } from '../ui/format.ts'

const dayFormat = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})
const dayWords = (date = '') => dayFormat.format(new Date(`${date}T00:00:00Z`))

/** Spending by day, as bars that are also a table for those who hear the page. */
export function Days({
  days,
  currency,
}: {
  days: readonly { date: string; amount: number }[]
  currency: Currency
}) {
  const most = Math.max(0, ...days.map((day) => day.amount))
  if (most === 0) return null
  const byDate = new Map(days.map((day) => [day.date, day.amount]))
  const [first = ''] = days.map((day) => day.date).sort()
  const [year = 0, month = 0] = first.split('-').map(Number)
  const dates = Array.from({ length: new Date(year, month, 0).getDate() }, (_, index) =>
    first.slice(0, 8).concat(String(index + 1).padStart(2, '0')),
  )
  return (
    <figure>
      <figcaption className="flex justify-between text-sm text-ink-3">
        <span>Each day, in UTC</span>
        <span>most on one day: {money(most, currency)}</span>
      </figcaption>
      <div aria-hidden className="mt-2 flex h-20 items-end gap-0.5 border-b border-hairline">
        {dates.map((date) => {
          const amount = byDate.get(date) ?? 0
          return (
            <div
              key={date}
              title={`${date}: ${money(amount, currency)}`}
              className="grow bg-accent"
              style={{ height: amount === 0 ? 0 : `${Math.max(3, (amount / most) * 100)}%` }}
            />
          )
        })}
      </div>
      <p aria-hidden className="mt-1 flex justify-between text-xs text-ink-3">
        <span>{dayWords(dates[0])}</span>
        <span>{dayWords(dates.at(-1))}</span>
      </p>
      <table className="sr-only">
        <caption>Spending by day</caption>
        <tbody>
          {days.map(({ date, amount }) => (
            <tr key={date}>
              <th scope="row">{date}</th>
              <td>{money(amount, currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  )
}
