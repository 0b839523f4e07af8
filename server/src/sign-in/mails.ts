/** What people are written while they sign in. Codes and links stand in the text, never in the subject. */
import { codeMinutes, resetMinutes } from './library.ts'

type Letter = { readonly subject: string; readonly text: string }

const paragraphs = (...all: string[]) => `${all.join('\n\n')}\n`

export const codeLetter = (origin: string, code: string, signIn: boolean): Letter => ({
  subject: signIn ? 'Your code to sign in' : 'Confirm your e-mail address',
  text: paragraphs(
    `Your code for ${origin}:`,
    `    ${code}`,
    `It works once, for ${codeMinutes} minutes. Nobody of ours will ever ask you for it.`,
    signIn
      ? 'If you did not want to sign in, ignore this mail: without the code nobody can.'
      : 'If you did not sign up there, ignore this mail and give the code to nobody.',
  ),
})

export const resetLetter = (origin: string, token: string): Letter => ({
  subject: 'Choose a new password',
  text: paragraphs(
    `Somebody, probably you, wants a new password for ${origin}. Choose one here:`,
    `    ${origin}/reset-password?token=${token}`,
    `The link works once, for ${resetMinutes} minutes. Once the password is changed, you are signed out everywhere.`,
    `Without a browser: POST ${origin}/api/auth/reset-password {"token": "${token}", "newPassword": "…"}`,
    'If it was not you, ignore this mail: your password stays as it is.',
  ),
})

export const existingLetter = (origin: string, verified: boolean): Letter => ({
  subject: 'You have signed up already',
  text: paragraphs(
    `Somebody, probably you, tried to sign up at ${origin} with this address, which has done so before.`,
    verified
      ? 'Sign in with your password, or have a code sent to you instead; a forgotten password can be reset.'
      : 'The address was never confirmed. Have a code to sign in sent to you; it confirms the address too.',
    'If it was not you, there is nothing to do.',
  ),
})
