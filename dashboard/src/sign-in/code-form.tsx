import { useMutation } from '@tanstack/react-query'
import { useEffect, useId, useState } from 'react'
import { wordsOf } from '../api/errors.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { LinkButton } from './frame.tsx'

const length = 6
const againSeconds = 30

/** Six digits that were mailed. They are sent as soon as the last one is there. */
export function CodeForm({
  email,
  submit,
  onCode,
  onAgain,
  onBack,
}: {
  email: string
  /** On the button, such as "Sign in". */
  submit: string
  onCode: (code: string) => Promise<unknown>
  /** Has another one sent. */
  onAgain: () => Promise<unknown>
  /** To another address. */
  onBack?: (() => void) | undefined
}) {
  const id = useId()
  const [code, setCode] = useState('')
  const enter = useMutation({ mutationFn: onCode })
  const again = useMutation({ mutationFn: onAgain, onSuccess: () => setCode('') })
  const wait = useCountdown(again.submittedAt)
  const type = (text: string) => {
    const digits = text.replaceAll(/\D/g, '').slice(0, length)
    setCode(digits)
    enter.reset()
    if (digits.length === length && !enter.isPending) enter.mutate(digits)
  }
  const error = enter.error ?? again.error
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (code.length === length && !enter.isPending) enter.mutate(code)
      }}
    >
      <div className="flex flex-col gap-1">
        <label htmlFor={id} className="font-medium">
          Code
        </label>
        <input
          id={id}
          inputMode="numeric"
          autoComplete="one-time-code"
          // biome-ignore lint/a11y/noAutofocus: the code is all that is asked for now
          autoFocus
          value={code}
          onChange={(event) => type(event.target.value)}
          aria-invalid={enter.isError || undefined}
          aria-describedby={`${id}-hint`}
          placeholder="000000"
          className="h-12 w-full rounded-md border border-edge/70 bg-raised px-3 font-mono text-xl tracking-[0.4em] placeholder:text-ink-4"
        />
        <p id={`${id}-hint`} className="text-sm text-ink-3">
          Six digits, mailed to <span className="text-ink-2">{email}</span>. They work once, for
          10&nbsp;minutes.
        </p>
      </div>
      {error && <Notice tone="problem">{wordsOf(error)}</Notice>}
      {again.isSuccess && !error && <Notice tone="good">Another code is on its way.</Notice>}
      <Button
        type="submit"
        look="primary"
        busy={enter.isPending && 'Checking…'}
        reason={code.length < length ? 'Enter the six digits of the mail' : null}
      >
        {submit}
      </Button>
      <div className="flex min-h-6 flex-wrap items-center justify-between gap-x-6 gap-y-2">
        {wait > 0 ? (
          <span className="text-ink-3">Another code in {wait} s</span>
        ) : (
          <LinkButton onClick={() => again.mutate()}>Send another code</LinkButton>
        )}
        {onBack && <LinkButton onClick={onBack}>Use another address</LinkButton>}
      </div>
    </form>
  )
}

/** Seconds until another code may be asked for: at first, and after each. */
function useCountdown(askedAt: number) {
  const [opened] = useState(() => Date.now())
  const [now, setNow] = useState(opened)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  const since = Math.max(opened, askedAt)
  return Math.max(0, Math.ceil(againSeconds - (now - since) / 1000))
}
