import { useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { queryClient } from '../api/queries.ts'
import { Logo } from '../shell/sidebar.tsx'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'

export function SignInPage() {
  const { to = '/' } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => send('POST', '/api/auth/sign-in/email', { body: { email, password } }),
    onSuccess: async () => {
      queryClient.clear()
      await navigate({ to })
    },
  })
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col justify-center gap-6 px-5 py-10">
      <div className="flex items-center gap-3">
        <Logo />
        <h1 className="text-xl">Sign in to Garrison</h1>
      </div>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          signIn.mutate()
        }}
      >
        <TextField
          label="E-mail address"
          type="email"
          autoComplete="username"
          value={email}
          onValue={setEmail}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          value={password}
          onValue={setPassword}
        />
        {signIn.error && <Notice tone="problem">{wordsOf(signIn.error)}</Notice>}
        <Button
          type="submit"
          look="primary"
          busy={signIn.isPending && 'Signing in…'}
          reason={email === '' || password === '' ? 'Enter e-mail address and password' : null}
        >
          Sign in
        </Button>
      </form>
    </main>
  )
}
