/** How a browser gets to a private share: it sends a key once, and has a cookie for this address from then on. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { shareCookie } from './proxy.ts'

const lifetimeMs = 12 * 60 * 60_000
export const signInPath = '/.garrison/sign-in'

export function createShareCookies({ secret, clock }: { secret: string; clock: Clock }) {
  const key = createHmac('sha256', secret).update('cookies of shares').digest()
  const signed = (text: string) => createHmac('sha256', key).update(text).digest()

  return {
    /** For this address, and whoever bears the key. */
    headerFor(name: string, keyId: string, isSecure: boolean): string {
      const until = clock.now().getTime() + lifetimeMs
      const said = Buffer.from(JSON.stringify([name, keyId, until])).toString('base64url')
      const value = `${said}.${signed(said).toString('base64url')}`
      const secure = isSecure ? '; Secure' : ''
      return `${shareCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${lifetimeMs / 1000}${secure}`
    },

    /** The key that it was made from; null: there is none, or it is not for here, or over. */
    keyIn(cookies: string | undefined, name: string): string | null {
      for (const [, said = '', signature = ''] of (cookies ?? '').matchAll(
        /(?:^|;)\s*garrison_share=([\w-]+)\.([\w-]+)/g,
      )) {
        const wanted = signed(said)
        const found = Buffer.from(signature, 'base64url')
        if (found.length !== wanted.length || !timingSafeEqual(found, wanted)) continue
        const [of, keyId, until] = JSON.parse(Buffer.from(said, 'base64url').toString()) as [
          string,
          string,
          number,
        ]
        if (of === name && until > clock.now().getTime()) return keyId
      }
      return null
    },
  }
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** A page for whoever comes with a browser. */
export const page = (title: string, words: string, asksForKey: boolean) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}
input,button{font:inherit;padding:.5rem;box-sizing:border-box}input{width:100%;margin:.5rem 0}</style>
<h1>${escaped(title)}</h1><p>${escaped(words)}</p>
${
  asksForKey
    ? `<form method="post" action="${signInPath}"><label>API key
<input type="password" name="key" autocomplete="current-password" required autofocus></label>
<button>Open</button></form>`
    : ''
}</html>
`
