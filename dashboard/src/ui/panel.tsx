import { Component, type ReactNode } from 'react'
import { ApiError, wordsOf } from '../api/errors.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'
import { Notice } from './notice.tsx'

/** What went wrong, why, and what to do; the request's id small, to copy. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const requestId = error instanceof ApiError ? error.requestId : null
  return (
    <Notice tone="problem" action={onRetry && <Button onClick={onRetry}>Try again</Button>}>
      {wordsOf(error)}
      {requestId && (
        <span className="mt-1 flex items-center gap-1 text-xs text-ink-3">
          Request <code>{requestId}</code>
          <CopyButton text={requestId} name="Copy request id" />
        </span>
      )}
    </Notice>
  )
}

/** When what is inside crashes, the rest of the page goes on. */
export class Panel extends Component<{ name: string; children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  /** Another thing is shown in its place, which may be well. */
  override componentDidUpdate({ name }: { name: string }) {
    if (name !== this.props.name && this.state.error !== null) this.setState({ error: null })
  }

  override render() {
    if (this.state.error === null) return this.props.children
    return (
      <Notice
        tone="problem"
        action={<Button onClick={() => this.setState({ error: null })}>Show it again</Button>}
      >
        The part “{this.props.name}” of this page broke: {wordsOf(this.state.error)}
      </Notice>
    )
  }
}
