/** The first of `cli web-1`, `cli web-1 2` … that no key is called yet. */
export function freeKeyName(host: string, taken: readonly string[]): string {
  const names = new Set(taken.map((name) => name.toLowerCase()))
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `cli ${host}` : `cli ${host} ${number}`
    if (!names.has(name.toLowerCase())) return name
  }
}
