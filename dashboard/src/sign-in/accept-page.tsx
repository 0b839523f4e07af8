/** An invitation to an account, from its mail. Whoever is not signed in does that here first. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { get, post, send } from '../api/client.ts'
import { isNotFound, wordsOf } from '../api/errors.ts'
import { queryClient } from '../api/queries.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { Loading } from '../ui/spinner.tsx'
import { forgetEverything, sessionQuery, waysQuery } from './auth.ts'
import { Frame, LinkButton, linkLook } from './frame.tsx'
import { SignUp } from './sign-up-page.tsx'
import { Ways } from './ways.tsx'

/** Of this page's life only: it opens a door, so it is neither in the address nor kept by the browser. */
let token: string | null = null

export function AcceptPage() {
  const { token: given } = useSearch({ from: '/accept' })
  const navigate = useNavigate()
  if (given !== undefined) token = given
  useEffect(() => {
    if (given !== undefined) void navigate({ to: '/accept', search: {}, replace: true })
  }, [given, navigate])
  const session = useQuery(sessionQuery)
  const ways = useQuery(waysQuery)
  const [arrived, setArrived] = useState(false)
  const accept = useMutation({
    mutationFn: async ({ fresh }: { fresh: boolean }) => {
      const joined = await join(fresh && ways.data?.sign_up === 'invited')
      token = null
      forgetEverything()
      return joined
    },
  })
  if (accept.isSuccess) return <Accepted account={accept.data} />
  if (token === null) {
    return (
      <Frame title="Open the link of the mail" foot={<ToOverview />}>
        <p className="text-ink-2">
          This page needs the link that the invitation came with. It works for 7 days; after that,
          ask whoever invited you to send it again.
        </p>
      </Frame>
    )
  }
  if (session.isPending || ways.isPending) {
    return (
      <Frame title="You are invited">
        <Loading what="who you are" />
      </Frame>
    )
  }
  const user = session.data?.user
  if (!user) {
    return (
      <SignInFirst
        canSignUp={ways.data?.sign_up !== 'closed'}
        onSignedIn={async () => {
          queryClient.clear()
          setArrived(true)
          await session.refetch()
          await accept.mutateAsync({ fresh: true }).catch(() => undefined)
        }}
      />
    )
  }
  return (
    <Frame
      title="You are invited"
      lead={
        <>
          You are signed in as <strong className="font-medium">{user.email}</strong>. Accept, and
          you share what is in the account that invites you.
        </>
      }
      foot={
        <p>
          Invited at another address?{' '}
          <LinkButton
            onClick={() =>
              void send('POST', '/api/auth/sign-out', { body: {} }).then(async () => {
                queryClient.clear()
                accept.reset()
                await session.refetch()
              })
            }
          >
            Sign in as somebody else
          </LinkButton>
        </p>
      }
    >
      {accept.error && <Notice tone="problem">{wordsOf(accept.error)}</Notice>}
      <div className="flex flex-col gap-3">
        <Button
          look="primary"
          busy={accept.isPending && 'Accepting…'}
          onClick={() => accept.mutate({ fresh: arrived })}
        >
          Accept the invitation
        </Button>
        <p className="text-sm text-ink-3">
          An account of your own is left behind by that, if nothing and nobody is in it.
        </p>
      </div>
    </Frame>
  )
}

/** `joinedAlready`: where only the invited come, whoever signs in for the first time has accepted by it. */
async function join(joinedAlready: boolean): Promise<{ name: string }> {
  try {
    const { account } = await post('/api/account/people/accept/', { body: { token: token ?? '' } })
    return account
  } catch (error) {
    if (!joinedAlready || !isNotFound(error)) throw error
    return (await get('/api/account/')).account
  }
}

function Accepted({ account }: { account: { name: string } }) {
  return (
    <Frame title={`You belong to ${account.name}`}>
      <p className="text-ink-2">
        What is in the account is yours to use now. Add an SSH key of your own to get into machines.
      </p>
      <div className="flex flex-wrap gap-2">
        <Link to="/" className={buttonClass('primary')}>
          Go to the overview
        </Link>
        <Link to="/ssh-keys" search={{ create: true }} className={buttonClass('plain')}>
          Add an SSH key
        </Link>
      </div>
    </Frame>
  )
}

function SignInFirst({
  canSignUp,
  onSignedIn,
}: {
  canSignUp: boolean
  onSignedIn: () => Promise<unknown>
}) {
  const [isNew, setNew] = useState(false)
  return (
    <Frame
      title="You are invited"
      lead={
        isNew
          ? 'Sign up with the address that the invitation went to.'
          : 'Sign in with the address that the invitation went to.'
      }
      foot={
        canSignUp && (
          <p>
            {isNew ? 'You have signed up before? ' : 'New here? '}
            <LinkButton onClick={() => setNew(!isNew)}>{isNew ? 'Sign in' : 'Sign up'}</LinkButton>
          </p>
        )
      }
    >
      {isNew ? (
        <SignUp to="/accept" onSignedIn={onSignedIn} />
      ) : (
        <Ways
          to="/accept"
          onSignedIn={onSignedIn}
          forgotten={
            <Link to="/reset-password" className={linkLook}>
              Forgotten password?
            </Link>
          }
        />
      )}
    </Frame>
  )
}

const ToOverview = () => (
  <p>
    <Link to="/" className={linkLook}>
      Go to the overview
    </Link>
  </p>
)
