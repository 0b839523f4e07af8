/** The ways to sign in, as they are configured: providers, password, code by mail. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import {
  confirmAddress,
  isUnconfirmed,
  mailCode,
  waysQuery,
  withCode,
  withPassword,
  withProvider,
} from './auth.ts'
import { CodeForm } from './code-form.tsx'
import { LinkButton, Or } from './frame.tsx'
import { PasswordField } from './password-field.tsx'
import { looksLikeEmail } from './places.ts'

type Sent = { email: string; why: 'sign-in' | 'email-verification' }

export function Ways({
  to,
  email: given = '',
  onSignedIn,
  forgotten,
}: {
  /** Where a provider sends people back to. */
  to: string
  email?: string
  onSignedIn: () => Promise<unknown> | undefined
  /** Link to the page for a forgotten password. */
  forgotten?: ReactNode
}) {
  const [email, setEmail] = useState(given)
  const [sent, setSent] = useState<Sent | null>(null)
  if (sent !== null) {
    const enter = sent.why === 'sign-in' ? withCode : confirmAddress
    return (
      <CodeForm
        email={sent.email}
        submit="Sign in"
        onCode={async (code) => {
          await enter(sent.email, code)
          await onSignedIn()
        }}
        onAgain={() => mailCode(sent.email, sent.why)}
        onBack={() => setSent(null)}
      />
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <Providers to={to} />
      <PasswordForm
        email={email}
        onEmail={setEmail}
        onSent={setSent}
        onSignedIn={onSignedIn}
        forgotten={forgotten}
      />
    </div>
  )
}

export function Providers({ to }: { to: string }) {
  const { data } = useQuery(waysQuery)
  const go = useMutation({ mutationFn: (id: string) => withProvider(id, to) })
  if (data === undefined || data.providers.length === 0) return null
  return (
    <>
      <div className="flex flex-col gap-2">
        {data.providers.map(({ id, name }) => (
          <Button
            key={id}
            busy={(go.isPending || go.isSuccess) && go.variables === id && `Going to ${name}…`}
            onClick={() => go.mutate(id)}
          >
            Continue with {name}
          </Button>
        ))}
      </div>
      {go.error && <Notice tone="problem">{wordsOf(go.error)}</Notice>}
      <Or />
    </>
  )
}

function PasswordForm({
  email,
  onEmail,
  onSent,
  onSignedIn,
  forgotten,
}: {
  email: string
  onEmail: (email: string) => void
  onSent: (sent: Sent) => void
  onSignedIn: () => Promise<unknown> | undefined
  forgotten?: ReactNode
}) {
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState<'email' | 'all' | null>(null)
  const to = email.trim()
  const signIn = useMutation({
    mutationFn: async () => {
      await withPassword(to, password)
      await onSignedIn()
    },
    onError: (error) => {
      if (isUnconfirmed(error)) onSent({ email: to, why: 'email-verification' })
    },
  })
  const code = useMutation({
    mutationFn: () => mailCode(to, 'sign-in'),
    onSuccess: () => onSent({ email: to, why: 'sign-in' }),
  })
  const wrongEmail = looksLikeEmail(to) ? null : 'Enter your e-mail address.'
  const error = signIn.error ?? code.error
  const failed = error !== null && !isUnconfirmed(error)
  return (
    <form
      className="flex flex-col gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried('all')
        if (wrongEmail === null && password !== '' && !signIn.isPending) signIn.mutate()
      }}
    >
      <TextField
        label="E-mail address"
        type="email"
        autoComplete="username"
        autoCapitalize="none"
        maxLength={254}
        autoFocus={email === ''}
        value={email}
        onValue={onEmail}
        error={tried ? wrongEmail : null}
      />
      <PasswordField
        value={password}
        onValue={setPassword}
        autoFocus={email !== ''}
        error={
          tried === 'all' && password === '' ? 'Enter your password, or have a code sent.' : null
        }
      />
      {failed && <Notice tone="problem">{wordsOf(error)}</Notice>}
      <Button type="submit" look="primary" busy={signIn.isPending && 'Signing in…'}>
        Sign in
      </Button>
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <LinkButton
          onClick={() => {
            setTried('email')
            if (wrongEmail === null && !code.isPending) code.mutate()
          }}
        >
          {code.isPending ? 'Sending a code…' : 'Mail me a code instead'}
        </LinkButton>
        {forgotten}
      </div>
    </form>
  )
}
