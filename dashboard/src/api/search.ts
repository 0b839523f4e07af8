/** What a list's address may say, read from text that anybody may have typed. */

export function pageOf(value: unknown): number | undefined {
  const page = Number(value)
  return Number.isInteger(page) && page > 1 && page <= 1_000_000 ? page : undefined
}
/** An address that was typed has digits alone as a number. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' ? text.slice(0, 100) : undefined
}
/** One of the words that may stand there. */
export const oneOf = <Word extends string>(words: readonly Word[], value: unknown) =>
  words.find((word) => word === value)
export const flagOf = (value: unknown): true | undefined =>
  value === true || value === 'true' ? true : undefined
