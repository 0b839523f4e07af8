/**
 * Signing in with a password, a few at a time, and the hash of the password alone: that is made to take
 * long, so it is the most that anybody can do.
 */
import { randomBytes, randomUUID, scrypt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../api.ts'
import { percentile, summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

/** As many as the server takes at once. */
const connections = 4
const rounds = 3
const seconds = 4
/** As the library that signs in hashes: 32 MiB each time. */
const cost = { N: 16_384, r: 16, p: 1, maxmem: 64 * 1024 * 1024 }
const keyBytes = 64
const hash = promisify<string, Buffer, number, object, Buffer>(scrypt)
const password = 'correct horse battery'
const what = 'the hash of the password alone'

/** `mailDir`: where the server puts mails as files. */
export async function measureSignIn(url: string, mailDir: string): Promise<Measured[]> {
  const email = `bench-${randomUUID()}@example.org`
  await signUp(url, mailDir, email)
  const salt = randomBytes(16)
  const attempts = {
    ours: () => post(url, '/sign-in/email', { email, password }),
    bare: () => hash(password, salt, keyBytes, cost),
  }
  const measured = { ours: [] as Round[], bare: [] as Round[] }
  for (let round = 0; round < rounds; round++) {
    for (const name of ['bare', 'ours'] as const) measured[name].push(await run(attempts[name]))
  }
  const row = (figure: string, name: keyof Round, unit: Measured['unit']): Measured => ({
    figure: `sign in, ${figure}`,
    unit,
    value: summarize(measured.ours.map((round) => round[name])),
    floor: { ...summarize(measured.bare.map((round) => round[name])), what },
  })
  return [row('p50', 'p50', 'ms'), row('p99', 'p99', 'ms'), row('rate', 'rate', 'requests/s')]
}

type Round = { p50: number; p99: number; rate: number }

async function run(attempt: () => Promise<unknown>): Promise<Round> {
  const latencies: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const began = performance.now()
        await attempt()
        latencies.push(performance.now() - began)
      }
    }),
  )
  const rate = latencies.length / ((performance.now() - started) / 1_000)
  return { p50: percentile(latencies, 50), p99: percentile(latencies, 99), rate }
}

async function signUp(url: string, mailDir: string, email: string) {
  const signedUp = await post(url, '/sign-up/email', { email, password, name: 'Bench' })
  const otp = await until(
    () => codeIn(mailDir, email),
    (code) => code !== null,
  )
  // Without the cookie of the browser that chose it, the password does not count.
  const cookie = signedUp.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  await post(url, '/email-otp/verify-email', { email, otp }, cookie.join('; '))
}

async function codeIn(mailDir: string, email: string): Promise<string | null> {
  const files = await readdir(mailDir).catch(() => [])
  for (const file of files.filter((name) => name.endsWith('.eml'))) {
    const mail = await readFile(join(mailDir, file), 'utf8')
    if (mail.includes(`To: ${email}`)) return /^ +(\d{6})$/m.exec(mail)?.[1] ?? null
  }
  return null
}

async function post(url: string, path: string, body: object, cookie?: string): Promise<Response> {
  const response = await fetch(`${url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(cookie && { cookie, origin: url }) },
    body: JSON.stringify(body),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${path}: ${answer}`)
  return response
}
