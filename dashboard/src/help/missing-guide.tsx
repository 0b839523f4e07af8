import { Link } from '@tanstack/react-router'

/** Beside the contents, so that what was meant is found. */
export const MissingGuide = () => (
  <div className="max-w-prose">
    <h1 className="text-xl md:text-2xl">No such guide</h1>
    <p className="mt-3 text-ink-2">
      There is none at this address; it may have another name by now.{' '}
      <Link to="/help" search={{}} className="text-accent underline">
        All guides
      </Link>
    </p>
  </div>
)
