export type Named = { readonly words: string; readonly group: string; readonly also?: string }

/** Each word that was typed begins a word of the command. */
export function matches({ words, group, also = '' }: Named, typed: string): boolean {
  const own = `${words} ${group} ${also}`.toLowerCase().split(/\s+/)
  return typed
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .every((part) => own.some((word) => word.startsWith(part)))
}
