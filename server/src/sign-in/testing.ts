/** People in front of a browser, for tests. */
import type { Api } from '../testing/api.ts'

export const password = 'correct horse battery'

/** What a browser keeps and sends. */
export function createBrowser(api: Api, { origin = 'http://localhost' } = {}) {
  const cookies = new Map<string, string>()

  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    const answer = await api.send(method, path, {
      body,
      headers: {
        host: 'localhost',
        ...(method !== 'GET' && { origin }),
        ...(cookies.size > 0 && {
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        }),
        ...headers,
      },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return answer
  }

  return {
    cookies,
    send,
    get: (path: string, headers?: Record<string, string>) => send('GET', path, undefined, headers),
    post: (path: string, body?: unknown, headers?: Record<string, string>) =>
      send('POST', path, body ?? {}, headers),

    /** Signs up with a password, and confirms the address with the code that was mailed. */
    async signUp(email: string, name = 'Ada') {
      await send('POST', '/api/auth/sign-up/email', { email, name, password })
      const otp = await codeFor(api, email)
      return send('POST', '/api/auth/email-otp/verify-email', { email, otp })
    },
    signIn: (email: string, secret = password) =>
      send('POST', '/api/auth/sign-in/email', { email, password: secret }),
    /** Whether the API knows who asks. */
    isSignedIn: async () => (await send('GET', '/api/ssh-keys/')).status === 200,
  }
}

/** The last mail to somebody, once everything that is under way is done. */
export async function mailTo(api: Api, recipient: string) {
  await api.services.signIn.settled()
  return api.db
    .selectFrom('mails')
    .selectAll()
    .where('recipient', '=', recipient)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export async function codeFor(api: Api, recipient: string): Promise<string> {
  const mail = await mailTo(api, recipient)
  const [code] = /\b\d{6}\b/.exec(mail?.body ?? '') ?? []
  if (code === undefined) throw new Error(`No code was mailed to ${recipient}: ${mail?.body}`)
  return code
}
