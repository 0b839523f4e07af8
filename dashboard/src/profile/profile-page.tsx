import { useQuery } from '@tanstack/react-query'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Mark } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { ProfileForm } from './profile-form.tsx'
import { ProfileTabs } from './profile-tabs.tsx'

const missingWords = {
  address_line: 'the address line',
  postal_code: 'the postal code',
  country: 'the country',
} as const

/** Whom the account bills. */
export function ProfilePage() {
  const me = useMe()
  const profile = useQuery({
    ...reading('/api/account/profile/'),
    refetchInterval: pollWhenBroken,
  })
  const data = profile.data?.profile
  return (
    <Page
      guide="account"
      title="Profile"
      lead={data && <Completeness missing={data.missing} />}
      refresh={{ onRefresh: () => void profile.refetch(), busy: profile.isFetching }}
      calls={[
        { method: 'GET', path: '/api/account/profile/', command: 'garrison profile show' },
        {
          method: 'PUT',
          path: '/api/account/profile/',
          body: {
            name: 'Ada Lovelace',
            address_line: 'Hauptstraße 1',
            city: 'Berlin',
            postal_code: '10115',
            country: 'DE',
          },
        },
      ]}
    >
      <ProfileTabs />
      {profile.isError && <Problem error={profile.error} onRetry={() => void profile.refetch()} />}
      {profile.isPending && <Loading what="the profile" />}
      {data && (
        <div className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,5fr)_minmax(0,3fr)]">
          <ProfileForm profile={data} />
          <Section title="Account">
            <Facts
              facts={[
                ['Barrack ID', <Copyable key="id" text={me.id} name="Copy Barrack ID" />],
                ['E-mail', data.email ?? 'none yet'],
                ['Your role', me.role],
                ['Currency', data.currency],
                [
                  'Charging',
                  me.billing_mode === 'off'
                    ? 'Nothing is charged here'
                    : 'From credits, by the minute',
                ],
                ['Since', <Time key="since" at={me.created_at} exact />],
              ]}
            />
            <p className="text-sm text-ink-3">
              The e-mail address is fixed: signing in goes by it. The Barrack ID names the account
              to whoever runs this installation.
            </p>
          </Section>
        </div>
      )}
    </Page>
  )
}

function Completeness({ missing }: { missing: readonly (keyof typeof missingWords)[] }) {
  const complete = missing.length === 0
  return (
    <span className="inline-flex items-center gap-1.5">
      <Mark look={complete ? 'running' : 'warning'} />
      {complete
        ? 'Complete: credits, volumes and snapshots are possible'
        : `Not complete: ${missing.map((field) => missingWords[field]).join(', ')} ${
            missing.length === 1 ? 'is' : 'are'
          } missing for credits, volumes and snapshots`}
    </span>
  )
}
