/** Of the library's tables only what is asked without it. */
export type SignInSchema = {
  'auth.user': { id: string; email: string; name: string; emailVerified: boolean }
  'auth.session': { id: string; userId: string; token: string; expiresAt: Date }
}
