/** `garrison whoami`: which cloud, by which key, as whom. */
import type { Cloud } from '../../cloud/cloud.ts'

export async function whoami({ garrison, where, terminal, json }: Cloud) {
  const { url, origin, api_key } = where
  const { account } = await garrison.account.get()
  const key = `${api_key.slice(0, 8)}…`
  if (json) return terminal.printJson({ url, origin, key, account })
  const { person, role, access } = account
  const rows: [string, string][] = [
    ['cloud', url],
    ['known by', origin],
    ['key', account.api_key === null ? key : `${key} (${account.api_key.name})`],
    ['account', `${account.name} (${account.id})`],
  ]
  if (person !== null) rows.push(['person', person.name || (person.email ?? person.id)])
  rows.push(['role', access === 'full' ? role : `${role}, only to read`])
  terminal.table(rows.map(([label, text]) => [terminal.style('dim', label), text]))
}
