/** Where the websocket of a machine's console or display is, and why it ended. */

/** The browser sends the session's cookie along, as with any request of this page. */
export function lineUrl(instanceId: string, kind: 'console' | 'display'): string {
  return socketUrl(`/api/instances/${instanceId}/${kind}/`)
}

export function socketUrl(path: string): string {
  const url = new URL(path, location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

/** The codes are those of `closeCodes` in contract/instances/console-routes.ts. */
const reasons: Readonly<Record<number, string>> = {
  4000: 'The machine stopped.',
  4001: 'The machine wrote faster than this page could read.',
  4002: 'You were signed out.',
  1001: 'The server is being restarted.',
  1006: 'The connection was lost, or the machine has no line to look at right now.',
}

export const endingWords = (code: number) => reasons[code] ?? 'The connection has ended.'

/** Ended for good: asking again would end the same. */
export const isFinal = (code: number) => code === 4000 || code === 4002
