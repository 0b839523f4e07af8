import { useMutation } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { wordsOf } from '../api/errors.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { mailReset, setNewPassword } from './auth.ts'
import { Frame, LinkButton, linkLook } from './frame.tsx'
import { PasswordField } from './password-field.tsx'
import { looksLikeEmail, passwordProblem } from './places.ts'

const back = (
  <p>
    You remember it?{' '}
    <Link to="/sign-in" className={linkLook}>
      Sign in
    </Link>
  </p>
)

/** With the link of the mail: chooses a password. Without: asks for the mail. */
export function ResetPasswordPage() {
  const { token: given } = useSearch({ from: '/reset-password' })
  const navigate = useNavigate()
  const [token, setToken] = useState(given ?? null)
  useEffect(() => {
    // It opens a door, so it does not stay in the address, nor in the history.
    if (given === undefined) return
    setToken(given)
    void navigate({ to: '/reset-password', search: {}, replace: true })
  }, [given, navigate])
  return token === null ? <AskForMail /> : <Choose token={token} onAnother={() => setToken(null)} />
}

function AskForMail() {
  const [email, setEmail] = useState('')
  const [tried, setTried] = useState(false)
  const address = email.trim()
  const wrong = looksLikeEmail(address) ? null : 'Enter your e-mail address.'
  const ask = useMutation({ mutationFn: () => mailReset(address) })
  if (ask.isSuccess) {
    return (
      <Frame title="Look into your mail" foot={back}>
        <p className="text-ink-2">
          If {address} belongs to somebody here, a link is on its way to it. It works once, for an
          hour. Nothing came? Look into the spam folder, then{' '}
          <LinkButton onClick={() => ask.reset()}>ask again</LinkButton>.
        </p>
      </Frame>
    )
  }
  return (
    <Frame
      title="Forgotten password"
      lead="We mail you a link with which you choose a new one."
      foot={back}
    >
      <form
        className="flex flex-col gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (wrong === null && !ask.isPending) ask.mutate()
        }}
      >
        <TextField
          label="E-mail address"
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
          maxLength={254}
          value={email}
          onValue={setEmail}
          error={tried ? wrong : null}
        />
        {ask.error && <Notice tone="problem">{wordsOf(ask.error)}</Notice>}
        <Button type="submit" look="primary" busy={ask.isPending && 'Sending…'}>
          Mail me a link
        </Button>
      </form>
    </Frame>
  )
}

function Choose({ token, onAnother }: { token: string; onAnother: () => void }) {
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const wrong = passwordProblem(password)
  const choose = useMutation({ mutationFn: () => setNewPassword(token, password) })
  if (choose.isSuccess) {
    return (
      <Frame title="Your password is changed">
        <p className="text-ink-2">
          You were signed out everywhere. Sign in with the new password; API keys go on as before.
        </p>
        <Link to="/sign-in" className={buttonClass('primary')}>
          Sign in
        </Link>
      </Frame>
    )
  }
  return (
    <Frame
      title="Choose a new password"
      lead="You are signed out everywhere once it is changed."
      foot={back}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (wrong === null && !choose.isPending) choose.mutate()
        }}
      >
        <PasswordField
          label="New password"
          fresh
          autoFocus
          value={password}
          onValue={setPassword}
          error={tried || password.length > 100 ? wrong : null}
          hint="At least 8 characters; a few words that do not belong together are best."
        />
        {choose.error && (
          <Notice
            tone="problem"
            action={<LinkButton onClick={onAnother}>Ask for another link</LinkButton>}
          >
            {wordsOf(choose.error)}
          </Notice>
        )}
        <Button type="submit" look="primary" busy={choose.isPending && 'Changing…'}>
          Change password
        </Button>
      </form>
    </Frame>
  )
}
