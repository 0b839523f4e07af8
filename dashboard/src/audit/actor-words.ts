type Actor = {
  person: { name: string; email: string | null } | null
  api_key: { name: string } | null
}

/** "Ada Lovelace, by key ci"; "the host" where nobody did it over the API. */
export function actorWords({ person, api_key }: Actor): string {
  const who = person === null ? null : person.name || person.email || 'whoever set this up'
  if (api_key === null) return who ?? 'the host'
  return who === null ? `key ${api_key.name}` : `${who}, by key ${api_key.name}`
}
