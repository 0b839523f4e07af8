/** What most deployments leave as it is. */
import {
  emptyRule,
  type Rule,
  RuleFields,
  ruleBody,
  ruleProblems,
} from '../firewalls/rule-form.tsx'
import { Button } from '../ui/button.tsx'
import { Switch, TextArea, TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { passwordStrength } from './password-strength.ts'

export type Advanced = {
  publicIp: boolean
  rules: readonly Rule[]
  /** One that is being filled in, and none of them yet. */
  begunRule: Rule | null
  jupyter: boolean
  jupyterPassword: string
  cloudInit: string
}

export const plain: Advanced = {
  publicIp: false,
  rules: [],
  begunRule: null,
  jupyter: false,
  jupyterPassword: '',
  cloudInit: '',
}

const mostBytes = 16_384
const bytesOf = (text: string) => new TextEncoder().encode(text).length

export function advancedProblem({
  begunRule,
  jupyter,
  jupyterPassword,
  cloudInit,
}: Advanced): string | null {
  // Without it the instance might be open to everybody.
  if (begunRule !== null) return 'Add the security rule that you have begun, or cancel it'
  if (jupyter && jupyterPassword.length < 8) return 'The Jupyter password needs 8 characters'
  if (bytesOf(cloudInit) > mostBytes) return 'The cloud-init text is longer than 16 KB'
  if (cloudInit.trim() !== '' && !/^#(!|cloud-config)/.test(cloudInit)) {
    return 'The cloud-init text begins with #cloud-config or #!'
  }
  return null
}

/** As the API takes it; what was not touched stays out, so that the region decides. */
export const advancedBody = (value: Advanced) => ({
  ...(value.publicIp ? { public_ip: true } : {}),
  ...(value.rules.length > 0 ? { security_rules: value.rules.map(ruleBody) } : {}),
  ...(value.jupyter ? { jupyter: { enabled: true, password: value.jupyterPassword } } : {}),
  ...(value.cloudInit.trim() === '' ? {} : { cloud_init: value.cloudInit }),
})

export function AdvancedOptions({
  value,
  onValue,
}: {
  value: Advanced
  onValue: (value: Advanced) => void
}) {
  const set = (change: Partial<Advanced>) => onValue({ ...value, ...change })
  const strength = passwordStrength(value.jupyterPassword)
  return (
    <details className="group">
      <summary className="cursor-pointer border-b border-hairline pb-1.5 text-lg font-semibold">
        Advanced options
      </summary>
      <div className="flex flex-col gap-6 pt-4">
        <Switch
          label="Public IP"
          hint="Off: reachable inside only, or as the region has it."
          checked={value.publicIp}
          onChecked={(publicIp) => set({ publicIp })}
        />
        {value.publicIp && (
          <Notice tone="warning">
            Everybody can reach the instance at its public address. Say below who may.
          </Notice>
        )}
        <Rules
          rules={value.rules}
          onRules={(rules) => set({ rules })}
          draft={value.begunRule}
          onDraft={(begunRule) => set({ begunRule })}
          onAdd={(rule) => set({ rules: [...value.rules, rule], begunRule: null })}
        />
        <Switch
          label="Jupyter server"
          hint="At http://ADDRESS:8888, on images that bring it."
          checked={value.jupyter}
          onChecked={(jupyter) => set({ jupyter })}
        />
        {value.jupyter && (
          <div className="max-w-md">
            <TextField
              label="Jupyter password"
              type="password"
              autoComplete="new-password"
              value={value.jupyterPassword}
              onValue={(jupyterPassword) => set({ jupyterPassword })}
              aside={value.jupyterPassword === '' ? null : strength}
              hint="At least 8 characters; longer is stronger."
            />
          </div>
        )}
        <TextArea
          label="Cloud-init"
          aside={`${bytesOf(value.cloudInit).toLocaleString('en')}/16,384 bytes`}
          mono
          rows={8}
          spellCheck={false}
          placeholder={'#cloud-config\nruncmd:\n  - echo ready > /root/state'}
          value={value.cloudInit}
          onValue={(cloudInit) => set({ cloudInit })}
          hint="Runs once, on the first boot. Begins with #cloud-config or #!."
        />
      </div>
    </details>
  )
}

function Rules({
  rules,
  onRules,
  draft,
  onDraft,
  onAdd,
}: {
  rules: readonly Rule[]
  onRules: (rules: readonly Rule[]) => void
  draft: Rule | null
  onDraft: (draft: Rule | null) => void
  onAdd: (rule: Rule) => void
}) {
  const [problem] = draft === null ? [] : Object.values(ruleProblems(draft))
  return (
    <div className="flex flex-col gap-3">
      <h3 className="font-medium">Security rules</h3>
      {rules.length === 0 && (
        <p className="text-ink-3">None: everything reaches it. With one, only what rules name.</p>
      )}
      <ul className="flex flex-col gap-1">
        {rules.map((rule, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two rules may be the same
          <li key={index} className="flex items-center gap-3">
            <code className="grow text-sm">
              {rule.direction} {rule.protocol} {rule.port_range_min}
              {rule.port_range_max !== rule.port_range_min && `–${rule.port_range_max}`}{' '}
              {rule.remote_ip_prefix}
            </code>
            <Button
              look="quiet"
              onClick={() => onRules(rules.filter((_, other) => other !== index))}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {draft === null ? (
        <Button className="self-start" onClick={() => onDraft(emptyRule)}>
          Add rule
        </Button>
      ) : (
        <div className="flex flex-col gap-4 rounded-md bg-sunken p-4">
          <RuleFields rule={draft} onRule={onDraft} />
          <div className="flex gap-2">
            <Button look="primary" reason={problem} onClick={() => onAdd(draft)}>
              Add rule
            </Button>
            <Button onClick={() => onDraft(null)}>Cancel</Button>
          </div>
        </div>
      )}
    </div>
  )
}
