export type Named = { readonly words: string; readonly group: string; readonly also?: string }

/** What is called so comes before what is only looked for under such a name. */
export function ownWordsFirst<Row extends Named>(found: readonly Row[], typed: string): Row[] {
  const isSo = ({ words, group }: Row) => matches({ words, group }, typed)
  return [...found.filter(isSo), ...found.filter((each) => !isSo(each))]
}

/** Each word that was typed begins a word of the command. */
export function matches({ words, group, also = '' }: Named, typed: string): boolean {
  const own = `${words} ${group} ${also}`.toLowerCase().split(/\s+/)
  return typed
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .every((part) => own.some((word) => word.startsWith(part)))
}
