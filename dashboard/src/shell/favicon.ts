/** The mark in the browser's tab turns while something is under way, so that one can look away meanwhile. */
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'

const frames = 8
const frameMs = 250

/** The crest within a ring that is open at one place. */
const frame = (step: number) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="none" stroke="#2f7f8c" stroke-width="4" stroke-dasharray="62 26" transform="rotate(${(step * 360) / frames} 16 16)"/><path transform="translate(7 8) scale(.56)" fill="#2f7f8c" d="M4 6h6v4h4V6h4v4h4V6h6v13c0 5-5 8-12 10C9 27 4 24 4 19z"/></svg>`,
  )}`

export function useTurningFavicon() {
  const running = useQuery({
    ...reading('/api/operations/', { query: { state: 'running', page_size: 1 } }),
    refetchInterval: pollWhenBroken,
  })
  const busy = (running.data?.pagination.total_count ?? 0) > 0
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (!busy || link === null) return
    const before = link.href
    let step = 0
    const turn = () => {
      link.href = frame(step % frames)
      step += 1
    }
    turn()
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const timer = still ? 0 : setInterval(turn, frameMs)
    return () => {
      clearInterval(timer)
      link.href = before
    }
  }, [busy])
}
