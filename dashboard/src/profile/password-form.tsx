import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { changePassword } from '../sign-in/auth.ts'
import { PasswordField } from '../sign-in/password-field.tsx'
import { passwordProblem } from '../sign-in/places.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { tell } from '../ui/toast.tsx'

export function PasswordForm() {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [tried, setTried] = useState(false)
  const wrong =
    passwordProblem(next) ??
    (next === current && current !== '' ? 'Choose another one than the current.' : null)
  const change = useMutation({
    mutationFn: () => changePassword(current, next),
    onSuccess: async () => {
      setCurrent('')
      setNext('')
      setTried(false)
      tell('The password is changed; you are signed out everywhere else')
      await stale('/api/auth/')
    },
  })
  const refused = change.error instanceof ApiError && change.error.code === 'INVALID_CREDENTIALS'
  return (
    <form
      className="flex max-w-md flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (wrong === null && current !== '' && !change.isPending) change.mutate()
      }}
    >
      <PasswordField
        label="Current password"
        value={current}
        onValue={(value) => {
          change.reset()
          setCurrent(value)
        }}
        error={
          refused
            ? wordsOf(change.error)
            : tried && current === ''
              ? 'Enter the current password.'
              : null
        }
      />
      <PasswordField
        label="New password"
        fresh
        value={next}
        onValue={setNext}
        error={tried || next.length > 100 ? wrong : null}
        hint="At least 8 characters; a few words that do not belong together are best."
      />
      {change.error && !refused && <Notice tone="problem">{wordsOf(change.error)}</Notice>}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Button type="submit" busy={change.isPending && 'Changing…'}>
          Change password
        </Button>
        <span className="text-sm text-ink-3">All other sessions end.</span>
      </div>
    </form>
  )
}
