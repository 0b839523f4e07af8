import { useRouter } from '@tanstack/react-router'
import { queryClient } from '../api/queries.ts'
import { signedInAgain } from '../api/session-end.ts'
import { meQuery, signOut, useMe } from '../shell/session.ts'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { LinkButton } from './frame.tsx'
import { Ways } from './ways.tsx'

/** In front of whatever was being done, which stays as it is. */
export function SessionEnded() {
  const me = useMe()
  const { state } = useRouter()
  const goOn = async () => {
    const now = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
    // Somebody else, to whom the page behind this one does not belong.
    if (now.account.id !== me.id) return location.assign('/')
    signedInAgain()
    await queryClient.invalidateQueries()
  }
  return (
    <Dialog title="Your session has ended" open>
      <DialogBody>
        <p className="text-ink-2">
          Sign in again. What you were doing is still there, as you left it.
        </p>
        <Ways to={state.location.href} email={me.person?.email ?? ''} onSignedIn={goOn} />
        <p className="border-t border-hairline pt-3 text-ink-3">
          Not you?{' '}
          <LinkButton onClick={() => void signOut().catch(() => location.assign('/sign-in'))}>
            Leave this page
          </LinkButton>
        </p>
      </DialogBody>
    </Dialog>
  )
}
