import { type RefObject, useLayoutEffect, useState } from 'react'
import { cx } from './cx.ts'

export type HiddenSides = { readonly before: boolean; readonly after: boolean }

/** On which sides something that scrolls sideways goes on out of sight; kept up to date. */
export function useHiddenSides(ref: RefObject<HTMLElement | null>): HiddenSides {
  const [sides, setSides] = useState<HiddenSides>({ before: false, after: false })
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    const look = () => {
      const left = Math.abs(element.scrollLeft)
      // Lengths on a scaled screen are no whole pixels.
      const before = left > 1
      const after = left + element.clientWidth < element.scrollWidth - 1
      setSides((old) => (old.before === before && old.after === after ? old : { before, after }))
    }
    look()
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    for (const child of element.children) sizes.observe(child)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [ref])
  return sides
}

/** What is cut off fades, so that nobody takes the edge for the end. */
export const fadedAt = ({ before, after }: HiddenSides) =>
  cx(
    before && 'mask-l-from-[calc(100%-3rem)] mask-l-to-[calc(100%-0.75rem)]',
    after && 'mask-r-from-[calc(100%-3rem)] mask-r-to-[calc(100%-0.75rem)]',
  )
