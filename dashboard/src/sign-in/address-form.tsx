import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { askForAddress, takeAddress } from './auth.ts'
import { CodeForm } from './code-form.tsx'
import { looksLikeEmail } from './places.ts'

/** A first e-mail address, proved by a code. */
export function AddressForm({
  mailBy,
  onDone,
}: {
  mailBy: 'files' | 'people'
  onDone: () => Promise<unknown> | undefined
}) {
  const [email, setEmail] = useState('')
  const [tried, setTried] = useState(false)
  const address = email.trim()
  const wrong = looksLikeEmail(address) ? null : 'Enter your e-mail address.'
  const ask = useMutation({ mutationFn: () => askForAddress(address) })
  const said = ask.error instanceof ApiError ? ask.error.fields.newEmail?.[0] : undefined
  if (ask.isSuccess) {
    return (
      <div className="flex flex-col gap-4">
        {mailBy === 'files' && (
          <Notice>
            This installation sends no mail yet: the code is in the newest file of{' '}
            <code>mail/</code> in the data folder, which the log names.
          </Notice>
        )}
        <CodeForm
          email={address}
          submit="Confirm address"
          onCode={async (code) => {
            await takeAddress(address, code)
            await onDone()
          }}
          onAgain={() => askForAddress(address)}
          onBack={() => ask.reset()}
        />
      </div>
    )
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
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
        maxLength={254}
        value={email}
        onValue={setEmail}
        error={tried ? (wrong ?? said) : null}
        hint="You sign in with it, and hear there when credits run low. It stays yours: it cannot be changed later."
      />
      {ask.error && !said && <Notice tone="problem">{wordsOf(ask.error)}</Notice>}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        busy={ask.isPending && 'Sending a code…'}
      >
        Send a code there
      </Button>
    </form>
  )
}
