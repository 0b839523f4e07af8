/** What a microVM may reach, as a form has it: for one that runs, and for one that is to begin. */
import type { Body } from '../api/client.ts'
import type { ApiError } from '../api/errors.ts'
import { Switch, TextArea } from '../ui/fields.tsx'
import { linesOf } from './vm.ts'

type PolicyRequest = Body<'post', '/v1/egress/vm/{vm_id}'>

const knobs = [
  ['allow_package_managers', 'Package managers', 'Debian, Ubuntu, Alpine, PyPI and npm.'],
  ['allow_https', 'HTTPS', 'Port 443 of everything in the internet.'],
  ['allow_http', 'HTTP', 'Port 80 of everything in the internet.'],
] as const

/** As it is typed: one name or network to a line. */
export type EgressDraft = Readonly<Record<(typeof knobs)[number][0], boolean>> & {
  readonly domains: string
  readonly networks: string
}

export const noEgress: EgressDraft = {
  ...{ allow_package_managers: false, allow_https: false, allow_http: false },
  ...{ domains: '', networks: '' },
}

export const policyOf = ({ domains, networks, ...allowed }: EgressDraft): PolicyRequest => ({
  ...{ ...allowed, allowed_domains: linesOf(domains), allowed_cidrs: linesOf(networks) },
})

/** What fields of the API are called here. */
export const egressLabels = { allowed_domains: 'Domains', allowed_cidrs: 'Networks' }

export function EgressFields({
  draft,
  onDraft,
  errors,
  reason = null,
}: {
  draft: EgressDraft
  onDraft: (draft: EgressDraft) => void
  errors: ApiError['fields']
  /** Why nothing can be changed. */
  reason?: string | null
}) {
  return (
    <>
      {knobs.map(([knob, label, hint]) => (
        <Switch
          key={knob}
          label={label}
          hint={hint}
          checked={draft[knob]}
          onChecked={(on) => onDraft({ ...draft, [knob]: on })}
          reason={reason}
        />
      ))}
      <TextArea
        label={egressLabels.allowed_domains}
        mono
        rows={3}
        value={draft.domains}
        onValue={(domains) => onDraft({ ...draft, domains })}
        placeholder="api.example.com"
        hint="One to a line, with the names below it, on all ports."
        error={errors.allowed_domains?.[0]}
        spellCheck={false}
      />
      <TextArea
        label={egressLabels.allowed_cidrs}
        mono
        rows={2}
        value={draft.networks}
        onValue={(networks) => onDraft({ ...draft, networks })}
        placeholder="203.0.113.0/24"
        hint="One IPv4 network to a line, on all ports."
        error={errors.allowed_cidrs?.[0]}
        spellCheck={false}
      />
    </>
  )
}
