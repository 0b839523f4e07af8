type Fields = Record<string, unknown>

/**
 * What an update did, for the audit log: of the fields that are another than before, both values. What
 * is left out (`undefined`) was not asked for.
 */
export function changes(before: object, wanted: object): { before: Fields; after: Fields } {
  const old = before as Fields
  const changed = Object.entries(wanted).filter(
    ([field, value]) => value !== undefined && JSON.stringify(old[field]) !== JSON.stringify(value),
  )
  return {
    before: Object.fromEntries(changed.map(([field]) => [field, old[field] ?? null])),
    after: Object.fromEntries(changed),
  }
}
