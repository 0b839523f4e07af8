/** A small identity provider: OpenID Connect with one person, who always agrees. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'

type Claims = { sub: string; email: string; email_verified: boolean; name: string }
type Granted = { nonce: string | null; challenge: string | null; redirectUri: string }

export const clientId = 'garrison'
export const clientSecret = 'a secret of the client'

export async function startProvider(someone: Claims) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const granted = new Map<string, Granted>()
  const provider = {
    issuer: '',
    /** Who agrees from now on. */
    someone,
    /** Signs in place of the key that it publishes. */
    signingKey: privateKey as KeyObject,
    /** What it says in place of the right claims. */
    claims: {} as Record<string, unknown>,

    /** What a browser does there: answers where it is sent back to. */
    authorize(url: string): string {
      const { searchParams: asked } = new URL(url)
      if (asked.get('client_id') !== clientId) throw new Error('unknown client')
      const code = randomUUID()
      const redirectUri = asked.get('redirect_uri') ?? ''
      granted.set(code, {
        ...{ nonce: asked.get('nonce'), challenge: asked.get('code_challenge'), redirectUri },
      })
      const back = new URL(redirectUri)
      back.searchParams.set('code', code)
      back.searchParams.set('state', asked.get('state') ?? '')
      return back.href
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }

  const server = createServer(async (request, response) => {
    const answer = await answerTo(request)
    response.writeHead(answer === null ? 400 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }))
  })

  async function answerTo(request: IncomingMessage) {
    if (request.url === '/.well-known/openid-configuration') {
      return {
        issuer: provider.issuer,
        authorization_endpoint: `${provider.issuer}/authorize`,
        token_endpoint: `${provider.issuer}/token`,
        jwks_uri: `${provider.issuer}/keys`,
        id_token_signing_alg_values_supported: ['RS256'],
      }
    }
    if (request.url === '/keys') {
      return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256' }] }
    }
    return request.url === '/token' ? exchange(new URLSearchParams(await textOf(request))) : null
  }

  /** A code is good once, for whoever knows the secret and the verifier. */
  function exchange(asked: URLSearchParams) {
    const code = asked.get('code') ?? ''
    const grant = granted.get(code)
    granted.delete(code)
    const challenge = createHash('sha256').update(asked.get('code_verifier') ?? '')
    if (
      grant === undefined ||
      asked.get('client_secret') !== clientSecret ||
      asked.get('redirect_uri') !== grant.redirectUri ||
      challenge.digest('base64url') !== grant.challenge
    ) {
      return null
    }
    return { access_token: randomUUID(), token_type: 'Bearer', id_token: tokenFor(grant) }
  }

  function tokenFor({ nonce }: Granted) {
    const seconds = Math.floor(Date.now() / 1000)
    const words = [
      { alg: 'RS256', typ: 'JWT', kid: 'one' },
      {
        ...{ iss: provider.issuer, aud: clientId, iat: seconds, exp: seconds + 300, nonce },
        ...provider.someone,
        ...provider.claims,
      },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const signature = sign('sha256', Buffer.from(words.join('.')), provider.signingKey)
    return [...words, signature.toString('base64url')].join('.')
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  provider.issuer = `http://127.0.0.1:${address.port}`
  return provider
}

async function textOf(request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
