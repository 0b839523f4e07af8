import { useQuery } from '@tanstack/react-query'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { AddressForm } from '../sign-in/address-form.tsx'
import { hasPasswordQuery, waysQuery } from '../sign-in/auth.ts'
import { FirstPasswordForm } from '../sign-in/first-password-form.tsx'
import { Section } from '../ui/card.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { PasswordForm } from './password-form.tsx'
import { PersonForm } from './person-form.tsx'
import { ProfileTabs } from './profile-tabs.tsx'
import { Sessions } from './sessions.tsx'

/** Who signs in, with what, and where they are signed in. */
export function SigningInPage() {
  const me = useMe()
  const ways = useQuery(waysQuery)
  const password = useQuery({ ...hasPasswordQuery, enabled: me.api_key === null })
  return (
    <Page guide="authentication" title="Profile" tab="You and signing in">
      <ProfileTabs />
      {me.person === null || me.api_key !== null ? (
        <Notice>
          You act with an API key, so there is nobody who signs in. Sign in as yourself to see this.
        </Notice>
      ) : (
        <>
          <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
            <Section title="You">
              <PersonForm person={me.person} />
              {me.person.email === null && (
                <div className="max-w-md pt-4">
                  <AddressForm
                    mailBy={ways.data?.mail ?? 'people'}
                    onDone={() => stale('/api/account/')}
                  />
                </div>
              )}
            </Section>
            <Section title="Password">
              {password.isPending && <Loading what="how you sign in" />}
              {password.isError && (
                <Problem error={password.error} onRetry={() => void password.refetch()} />
              )}
              {password.data?.has_password === true && <PasswordForm />}
              {password.data?.has_password === false && (
                <>
                  <p className="text-ink-2">
                    You have none: you came by a link, a code or a provider. With one, you sign in
                    without waiting for mail.
                  </p>
                  <div className="max-w-md">
                    <FirstPasswordForm onDone={() => password.refetch()} />
                  </div>
                </>
              )}
            </Section>
          </div>
          <Sessions />
        </>
      )}
    </Page>
  )
}
