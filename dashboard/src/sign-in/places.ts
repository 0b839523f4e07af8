/** Where signing in leads, and from where one comes to it. */

/** A path of ours, as somebody may have typed it; anything else is nothing. */
export function pathOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 2_000) return undefined
  // Browsers read a backslash as a slash, and two slashes as another host.
  return /^\/(?![/\\])[^\\\p{C}]*$/u.test(value) ? value : undefined
}

/** Where to go afterwards: a path of ours. */
export type Onwards = { to?: string | undefined }

/** Always with the key: the router keeps what the address says for each key that is not answered. */
export function onwardsOf(search: Record<string, unknown>): Onwards {
  const to = pathOf(search.to)
  return { to: to === '/' ? undefined : to }
}

export const looksLikeEmail = (email: string) => /^[^@\s]+@[^@\s]+\.?[^@\s]+$/.test(email.trim())

export const shortestPassword = 8
export const longestPassword = 128

/** What is wrong with a new password; null when nothing is. */
export function passwordProblem(password: string): string | null {
  if (password.length < shortestPassword) return `Use at least ${shortestPassword} characters.`
  return password.length > longestPassword ? `Use at most ${longestPassword} characters.` : null
}

const problems: Readonly<Record<string, string>> = {
  link: 'The sign-in link is too old or was used. Make another one on the host: garrison account link',
  access_denied: 'You did not let the provider say who you are. Try again, or choose another way.',
  not_invited: 'Nobody has invited this address here. Ask an owner of an account to do so.',
  account_not_linked:
    'This address signs in in another way here: use the password, or have a code sent.',
  email_not_verified: 'The provider does not vouch for your e-mail address. Have a code sent.',
  email_not_found: 'The provider did not say your e-mail address. Have a code sent.',
}

/** Why a link or a provider has sent somebody back to the sign-in. */
export const problemWords = (code: string): string =>
  problems[code.toLowerCase()] ??
  'Signing in there did not work. Try again, or choose another way to sign in.'
