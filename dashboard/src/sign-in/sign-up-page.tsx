import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError, wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { Loading } from '../ui/spinner.tsx'
import { confirmAddress, mailCode, signUp, waysQuery } from './auth.ts'
import { CodeForm } from './code-form.tsx'
import { Frame, linkLook } from './frame.tsx'
import { PasswordField } from './password-field.tsx'
import { looksLikeEmail, passwordProblem } from './places.ts'
import { useGo } from './sign-in-page.tsx'
import { Providers } from './ways.tsx'

export function SignUpPage() {
  const { to = '/' } = useSearch({ from: '/sign-up' })
  const ways = useQuery(waysQuery)
  const back = (
    <p>
      You have signed up before?{' '}
      <Link to="/sign-in" search={{ to }} className={linkLook}>
        Sign in
      </Link>
    </p>
  )
  if (ways.isPending) {
    return (
      <Frame title="Sign up">
        <Loading what="what is offered here" />
      </Frame>
    )
  }
  if (ways.data?.sign_up === 'closed') {
    return (
      <Frame title="Nobody new can sign up here" foot={back}>
        <p className="text-ink-2">
          This installation takes no new people. Ask whoever runs it for an account.
        </p>
      </Frame>
    )
  }
  return (
    <Frame
      title="Sign up"
      lead={
        ways.data?.sign_up === 'invited'
          ? 'For those who were invited: use the address that the invitation went to.'
          : 'You get an account of your own, with nothing in it and nothing to pay.'
      }
      foot={back}
    >
      <SignUp to={to} />
    </Frame>
  )
}

/** Name, address, password; then the code that proves the address. */
export function SignUp({ to, onSignedIn }: { to: string; onSignedIn?: () => Promise<unknown> }) {
  const go = useGo(to)
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const address = email.trim()
  const wrong = {
    name: name.trim() === '' ? 'Enter your name.' : null,
    email: looksLikeEmail(address) ? null : 'Enter your e-mail address.',
    password: passwordProblem(password),
  }
  const create = useMutation({
    mutationFn: () => signUp({ name: name.trim(), email: address, password }),
  })
  if (create.isSuccess) {
    return (
      <CodeForm
        email={address}
        submit="Confirm and sign in"
        onCode={async (code) => {
          await confirmAddress(address, code)
          await (onSignedIn ?? go)()
        }}
        onAgain={() => mailCode(address, 'email-verification')}
        onBack={() => create.reset()}
      />
    )
  }
  const said = create.error instanceof ApiError ? create.error.fields : {}
  const isInFields = Object.keys(said).some((field) => field in wrong)
  return (
    <div className="flex flex-col gap-4">
      <Providers to={to} />
      <form
        className="flex flex-col gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (Object.values(wrong).every((each) => each === null) && !create.isPending) {
            create.mutate()
          }
        }}
      >
        <TextField
          label="Name"
          autoComplete="name"
          autoFocus
          maxLength={100}
          value={name}
          onValue={setName}
          error={tried ? (wrong.name ?? said.name?.[0]) : null}
        />
        <TextField
          label="E-mail address"
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          maxLength={254}
          value={email}
          onValue={setEmail}
          error={tried ? (wrong.email ?? said.email?.[0]) : null}
          hint="A code is sent there, which proves that it is yours."
        />
        <PasswordField
          fresh
          value={password}
          onValue={setPassword}
          error={
            tried || password.length > 100 ? (wrong.password ?? said.password?.[0] ?? null) : null
          }
          hint="At least 8 characters; a few words that do not belong together are best."
        />
        {create.error && !isInFields && <Notice tone="problem">{wordsOf(create.error)}</Notice>}
        <Button type="submit" look="primary" busy={create.isPending && 'Signing up…'}>
          Sign up
        </Button>
      </form>
    </div>
  )
}
