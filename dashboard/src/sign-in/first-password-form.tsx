import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { setFirstPassword } from './auth.ts'
import { PasswordField } from './password-field.tsx'
import { passwordProblem } from './places.ts'

/** For whoever came in without one: by a link, a code or a provider. */
export function FirstPasswordForm({ onDone }: { onDone: () => Promise<unknown> | undefined }) {
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const wrong = passwordProblem(password)
  const save = useMutation({
    mutationFn: async () => {
      await setFirstPassword(password)
      await onDone()
    },
  })
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (wrong === null && !save.isPending) save.mutate()
      }}
    >
      <PasswordField
        label="New password"
        fresh
        value={password}
        onValue={setPassword}
        error={tried || password.length > 100 ? wrong : null}
        hint="At least 8 characters; a few words that do not belong together are best."
      />
      {save.error && <Notice tone="problem">{wordsOf(save.error)}</Notice>}
      <Button
        type="submit"
        look="primary"
        className="self-start"
        busy={save.isPending && 'Saving…'}
      >
        Set password
      </Button>
    </form>
  )
}
