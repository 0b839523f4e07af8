import { useState } from 'react'
import { AddSshKeyDialog } from '../ssh-keys/add-ssh-key-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Checkbox } from '../ui/fields.tsx'
import { Spinner } from '../ui/spinner.tsx'

export function KeyChoice({
  keys,
  chosen,
  onChosen,
  loading,
}: {
  keys: readonly { id: string; name: string; fingerprint: string }[]
  chosen: readonly string[]
  onChosen: (ids: readonly string[]) => void
  loading: boolean
}) {
  const [adding, setAdding] = useState(false)
  return (
    <Section title="SSH keys" aside={<Button onClick={() => setAdding(true)}>Add SSH key</Button>}>
      {loading && <Spinner words="Loading …" />}
      {!loading && keys.length === 0 && (
        <p className="text-ink-2">
          Without a key nobody could log in: import one, or have it made.
        </p>
      )}
      <div className="flex flex-col gap-2">
        {keys.map(({ id, name, fingerprint }) => (
          <Checkbox
            key={id}
            label={name}
            hint={<code>{fingerprint}</code>}
            checked={chosen.includes(id)}
            onChecked={(on) =>
              onChosen(on ? [...chosen, id] : chosen.filter((other) => other !== id))
            }
          />
        ))}
      </div>
      {adding && (
        <AddSshKeyDialog
          onClose={() => setAdding(false)}
          onAdded={(id) => onChosen([...chosen, id])}
        />
      )}
    </Section>
  )
}
