/** Gives a command line on this machine a key of its own, after somebody has looked at who asks. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { Code } from '../ui/copy.tsx'
import { Checkbox } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { freeKeyName } from './key-name.ts'
import { codeOf, seal } from './seal.ts'

export function CliLoginPage() {
  const { key, state, port, host, done } = useSearch({ from: '/shell/cli-login' })
  if (done) {
    return (
      <Page guide="cli-login" title="You are logged in">
        <Notice tone="good">
          The command line has its key. You can close this page and go on in the terminal.
        </Notice>
      </Page>
    )
  }
  if (key && state && port) {
    return <Ask publicKey={key} state={state} port={port} host={host ?? 'this machine'} />
  }
  return (
    <Page guide="cli-login" title="Log in a command line">
      <p className="max-w-prose text-ink-2">
        Start it in the terminal of the machine that this browser runs on; it opens this page by
        itself.
      </p>
      <Code text={`./garrison login ${location.origin}`} label="garrison command" />
    </Page>
  )
}

/** Browsers have the means to seal only behind TLS and on this machine. */
const canSeal = () => window.isSecureContext

type Asked = { publicKey: string; state: string; port: number; host: string }

function Ask({ publicKey, state, port, host }: Asked) {
  const me = useMe()
  const [readOnly, setReadOnly] = useState(false)
  const [refused, setRefused] = useState(false)
  const keys = useQuery(reading('/api/account/api-keys/'))
  const name = freeKeyName(host, keys.data?.api_keys.map((each) => each.name) ?? [])
  const code = useQuery({
    queryKey: ['cli-login code', publicKey],
    queryFn: () => codeOf(publicKey),
    enabled: canSeal(),
  })
  const answer = (fields: Record<string, string>) =>
    `http://127.0.0.1:${port}/?${new URLSearchParams({ state, ...fields })}`
  const give = useMutation({
    mutationFn: async () => {
      const made = await post('/api/account/api-keys/', {
        body: { name, access: readOnly ? 'read-only' : 'full' },
      })
      if (made.key === null) throw new Error('The server did not show the key. Try again.')
      await stale('/api/account/')
      return seal(made.key, publicKey, state)
    },
    onSuccess: (sealed) => location.assign(answer({ sealed })),
  })
  if (!canSeal()) {
    return (
      <Page guide="cli-login" title="Log in a command line">
        <Notice tone="warning">
          This address has no TLS, so a key cannot be handed over safely. Make one under API keys,
          and give it to the command line:{' '}
          <code>./garrison login {location.origin} --no-browser</code>
        </Notice>
      </Page>
    )
  }
  if (refused) {
    return (
      <Page guide="cli-login" title="Refused">
        <Notice>Nothing was given. You can close this page.</Notice>
      </Page>
    )
  }
  return (
    <Page guide="cli-login" title="Log in a command line?">
      <div className="flex max-w-lg flex-col gap-5">
        <p className="text-ink-2">
          A command line on this machine asks for a key to {me.name}. Give it one only if you have
          just started <code>garrison login</code>, and the terminal shows the same code:
        </p>
        <p className="font-mono text-2xl font-semibold tracking-wide">
          <span className="sr-only">Code: </span>
          {code.data ?? '…'}
        </p>
        <Facts
          facts={[
            ['Machine', host],
            ['The key is called', name],
            ['It may', readOnly ? 'look at everything, change nothing' : 'do what you may do'],
            ['Until', 'you revoke it under API keys'],
          ]}
        />
        <Checkbox
          label="Only for reading"
          hint="Commands that change something are refused."
          checked={readOnly}
          onChecked={setReadOnly}
        />
        {give.error && <Notice tone="problem">{wordsOf(give.error)}</Notice>}
        <div className="flex flex-wrap gap-2">
          <Button
            look="primary"
            busy={give.isPending && 'Logging in…'}
            reason={keys.isPending || !code.data ? 'Wait a moment' : null}
            onClick={() => give.mutate()}
          >
            The codes are the same: log in
          </Button>
          <Button
            onClick={() => {
              setRefused(true)
              location.assign(answer({ refused: 'true' }))
            }}
          >
            Refuse
          </Button>
        </div>
      </div>
    </Page>
  )
}
