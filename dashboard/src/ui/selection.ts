/** Which rows of a list are ticked; with shift, all between the last one and this one. */
import { useState } from 'react'

/** `ids`: all rows in their order. `last`: the one that was ticked before. */
export function ticked(
  before: ReadonlySet<string>,
  ids: readonly string[],
  id: string,
  { on, last }: { on: boolean; last: string | null },
): ReadonlySet<string> {
  const from = last === null ? -1 : ids.indexOf(last)
  const to = ids.indexOf(id)
  const range = from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1)
  const after = new Set(before)
  for (const each of range) {
    if (on) after.add(each)
    else after.delete(each)
  }
  return after
}

export function useSelection(ids: readonly string[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [last, setLast] = useState<string | null>(null)
  // What has left the list meanwhile is not acted upon.
  const selected = ids.filter((id) => chosen.has(id))
  return {
    selected,
    has: (id: string) => chosen.has(id),
    tick: (id: string, { on, shift }: { on: boolean; shift: boolean }) => {
      setChosen(ticked(chosen, ids, id, { on, last: shift ? last : null }))
      setLast(id)
    },
    tickAll: (on: boolean) => setChosen(new Set(on ? ids : [])),
    clear: () => setChosen(new Set()),
  }
}
