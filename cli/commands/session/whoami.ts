/** `garrison whoami`: which cloud, by which key, as whom. */
import type { Cloud } from '../../cloud/cloud.ts'

export async function whoami({ garrison, where, terminal, json }: Cloud) {
  const { url, origin, api_key } = where
  const { balance } = await garrison.credits.balance()
  const key = `${api_key.slice(0, 8)}…`
  if (json) return terminal.printJson({ url, origin, key, balance })
  terminal.table([
    [terminal.style('dim', 'cloud'), url],
    [terminal.style('dim', 'known by'), origin],
    [terminal.style('dim', 'key'), key],
    [terminal.style('dim', 'credits'), balance.formatted],
  ])
}
