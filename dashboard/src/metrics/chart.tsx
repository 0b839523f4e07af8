import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useDark } from '../ui/theme.ts'

export type Curve = { readonly words: string; readonly values: readonly (number | null)[] }

const height = 140
/** All charts of a page move their crosshair together. */
const together = uPlot.sync('metrics')

/** As everywhere on the page; what is drawn does not inherit it. */
const font = "12px 'Geist Variable', system-ui, sans-serif"
/** The 24 hours of a day are the most that is shown. */
const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name)

/** Thin lines over time; what is under the crosshair, or the last value, is said beside the name. */
export function Chart({
  title,
  times,
  curves,
  format,
  empty,
}: {
  title: string
  /** Seconds since 1970. */
  times: readonly number[]
  curves: readonly Curve[]
  format: (value: number) => string
  empty: boolean
}) {
  const place = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const dark = useDark()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours that are read are the theme's
  useEffect(() => {
    const element = place.current
    if (element === null || empty) return
    const [line, grid, ink] = [token('--accent'), token('--hairline'), token('--ink-3')]
    const second = token('--hibernated')
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font }
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { sync: { key: together.key }, points: { size: 6 } },
        legend: { show: false },
        scales: { y: { range: (_, __, top) => [0, top === 0 ? 1 : top * 1.1] } },
        axes: [
          {
            ...axis,
            size: 32,
            values: (_, ticks) => ticks.map((tick) => hours.format(tick * 1000)),
          },
          { ...axis, size: 78, values: (_, ticks) => ticks.map((tick) => format(tick)) },
        ],
        series: [
          {},
          ...curves.map((_, index) => ({
            stroke: index === 0 ? line : second,
            width: 1.5,
            // A value between two gaps has no line; it shows as a dot.
            points: { size: 3 },
            ...(index === 0 ? { fill: 'transparent' } : { dash: [4, 3] }),
            spanGaps: false,
          })),
        ],
        hooks: { setCursor: [(self) => setAt(self.cursor.idx ?? null)] },
      },
      [[...times], ...curves.map((curve) => [...curve.values])] as uPlot.AlignedData,
      element,
    )
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [times, curves, format, empty, dark])
  return (
    <section aria-label={title}>
      <h3 className="flex flex-wrap items-baseline gap-x-4">
        {title}
        {curves.map(({ words, values }) => {
          const value = at === null ? lastOf(values) : values[at]
          return (
            <span key={words} className="text-sm font-normal text-ink-3">
              {words}{' '}
              <span className="text-ink">
                {value === null || value === undefined ? '–' : format(value)}
              </span>
            </span>
          )
        })}
      </h3>
      {empty ? (
        <p className="border-b border-hairline py-6 text-ink-3">Nothing was measured.</p>
      ) : (
        <div ref={place} className="w-full" />
      )}
    </section>
  )
}

const lastOf = (values: readonly (number | null)[]) => values.findLast((value) => value !== null)
