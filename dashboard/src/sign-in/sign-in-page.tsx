import { useQuery } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { Notice } from '../ui/notice.tsx'
import { forgetEverything, waysQuery } from './auth.ts'
import { Frame, linkLook } from './frame.tsx'
import { problemWords } from './places.ts'
import { Ways } from './ways.tsx'

export function SignInPage() {
  const { to = '/', error } = useSearch({ from: '/sign-in' })
  const go = useGo(to)
  const { data: ways } = useQuery(waysQuery)
  return (
    <Frame
      title="Sign in to Garrison"
      lead={to === '/' ? undefined : 'Then you go on where you were.'}
      foot={
        <>
          {ways && ways.sign_up !== 'closed' && (
            <p>
              {ways.sign_up === 'open' ? 'New here?' : 'Invited?'}{' '}
              <Link to="/sign-up" search={{ to }} className={linkLook}>
                Sign up
              </Link>
              {ways.sign_up === 'invited' && ' with the address that the invitation went to.'}
            </p>
          )}
          <p>
            You have the host? <code>./garrison account link</code> prints a link that signs you in.
          </p>
        </>
      }
    >
      {error && <Notice tone="problem">{problemWords(error)}</Notice>}
      <Ways
        to={to}
        onSignedIn={go}
        forgotten={
          <Link to="/reset-password" className={linkLook}>
            Forgotten password?
          </Link>
        }
      />
    </Frame>
  )
}

/** On to where somebody wanted to go, as who they are now. */
export function useGo(to: string) {
  const { history } = useRouter()
  return async () => {
    forgetEverything()
    history.replace(to)
  }
}
