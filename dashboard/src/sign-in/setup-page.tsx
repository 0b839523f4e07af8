/** What whoever sets an installation up does first: who they are, how they come back, where mail goes. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { CircleCheck, CircleDashed } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { patch } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { cx } from '../ui/cx.ts'
import { TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { Loading } from '../ui/spinner.tsx'
import { AddressForm } from './address-form.tsx'
import { hasPasswordQuery, waysQuery } from './auth.ts'
import { FirstPasswordForm } from './first-password-form.tsx'
import { Frame } from './frame.tsx'

const mailConfig = `mail:
  from: Garrison <garrison@example.org>
  smtp: smtps://user:password@mail.example.org:465`

export function SetupPage() {
  const me = useMe()
  const navigate = useNavigate()
  const ways = useQuery(waysQuery)
  const password = useQuery(hasPasswordQuery)
  if (ways.isPending || password.isPending) {
    return (
      <Frame title="Welcome to Garrison">
        <Loading what="what there is" />
      </Frame>
    )
  }
  const mailBy = ways.data?.mail ?? 'people'
  const named = Boolean(me.person?.name)
  const addressed = Boolean(me.person?.email)
  const secured = password.data?.has_password === true
  const open = !named ? 'name' : !addressed ? 'address' : !secured ? 'password' : null
  const refresh = () => stale('/api/account/')
  return (
    <Frame
      title="Welcome to Garrison"
      lead="A minute now, so that you can come back without a link from the host."
      foot={
        open !== null && (
          <p>
            Not now?{' '}
            <Link to="/" className="text-accent underline">
              Go to the overview
            </Link>
            . Your profile has all of this too.
          </p>
        )
      }
    >
      <ol className="flex flex-col">
        <Step title="Your name" done={named} open={open === 'name'} said={me.person?.name}>
          <NameForm personId={me.person?.id ?? null} onDone={refresh} />
        </Step>
        <Step
          title="Your e-mail address"
          done={addressed}
          open={open === 'address'}
          said={me.person?.email}
        >
          <AddressForm mailBy={mailBy} onDone={refresh} />
        </Step>
        <Step title="A password" done={secured} open={open === 'password'} said="Set">
          <FirstPasswordForm onDone={() => password.refetch()} />
        </Step>
        <Step
          title="Where mail goes"
          done={mailBy === 'people'}
          open={open === null && mailBy === 'files'}
          said="To people, by your mail server"
        >
          <p className="text-ink-2">
            Codes, invitations and warnings are files in the folder <code>mail/</code> of the data
            folder until <code>garrison.yaml</code> names a mail server. Add this and start again:
          </p>
          <Code text={mailConfig} label="configuration" />
        </Step>
      </ol>
      {open === null && (
        <div className="flex flex-col gap-3">
          <h2 className="text-lg">What next</h2>
          <div className="flex flex-wrap gap-2">
            <Button look="primary" onClick={() => void navigate({ to: '/instances/new' })}>
              Deploy an instance
            </Button>
            <Link to={'/people' as string} className={buttonClass('plain')}>
              Invite people
            </Link>
            <Link to="/" className={buttonClass('quiet')}>
              Go to the overview
            </Link>
          </div>
        </div>
      )}
    </Frame>
  )
}

/** Done ones say what they came to; the open one can be filled in; the others wait. */
function Step({
  title,
  done,
  open,
  said,
  children,
}: {
  title: string
  done: boolean
  open: boolean
  said?: string | null | undefined
  children: ReactNode
}) {
  const Mark = done ? CircleCheck : CircleDashed
  return (
    <li
      aria-current={open ? 'step' : undefined}
      className="flex gap-3 border-t border-hairline py-3"
    >
      <Mark
        aria-hidden
        className={cx('mt-0.5 size-4 shrink-0', done ? 'text-running' : 'text-ink-3')}
      />
      <div className="flex min-w-0 grow flex-col gap-3">
        <div className="flex flex-wrap justify-between gap-x-4">
          <h2 className={cx('text-base', done || open ? 'text-ink' : 'text-ink-3')}>{title}</h2>
          <span className="text-ink-3">{done ? said : open ? '' : 'to do'}</span>
        </div>
        {open && children}
      </div>
    </li>
  )
}

function NameForm({
  personId,
  onDone,
}: {
  personId: string | null
  onDone: () => Promise<unknown>
}) {
  const [name, setName] = useState('')
  const [tried, setTried] = useState(false)
  const save = useMutation({
    mutationFn: async () => {
      await patch('/api/account/people/{person_id}/', {
        params: { person_id: personId ?? '' },
        body: { name: name.trim() },
      })
      await onDone()
    },
  })
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (name.trim() !== '' && !save.isPending) save.mutate()
      }}
    >
      <TextField
        label="Name"
        autoComplete="name"
        maxLength={100}
        value={name}
        onValue={setName}
        error={tried && name.trim() === '' ? 'Enter your name.' : null}
        hint="Others in the account see it beside what you do."
      />
      {save.error && <Notice tone="problem">{wordsOf(save.error)}</Notice>}
      <Button type="submit" look="primary" busy={save.isPending && 'Saving…'}>
        Save name
      </Button>
    </form>
  )
}
