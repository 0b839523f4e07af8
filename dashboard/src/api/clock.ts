/** The server's time, for what is counted on between two of its answers: this machine's clock may be wrong. */

let aheadMs = 0

/** `date`: the header of an answer that came at `now`. */
export function heardTime(date: string | null, now: number) {
  const told = Date.parse(date ?? '')
  if (!Number.isNaN(told)) aheadMs = told - now
}

/** In milliseconds, never ahead of the server: what it tells is in whole seconds, and some way old. */
export const serverTime = (now: number) => now + aheadMs
