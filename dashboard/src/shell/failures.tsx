import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { isNotFound } from '../api/errors.ts'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'

/** Nothing is there, or it is somebody else's: which of the two is nobody's business. */
export function Missing() {
  return (
    <Page guide={null} title="Not found">
      <p className="max-w-prose text-ink-2">
        There is nothing at this address. It may have been deleted, or be in another account.{' '}
        <Link to="/" className="text-accent underline">
          Go to the overview
        </Link>
      </p>
    </Page>
  )
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  if (isNotFound(error)) return <Missing />
  return (
    <Page guide={null} title="This page did not load">
      <Problem
        error={error}
        onRetry={() => {
          reset()
          void router.invalidate()
        }}
      />
    </Page>
  )
}
