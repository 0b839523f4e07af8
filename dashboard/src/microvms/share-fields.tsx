import { Switch, TextField } from '../ui/fields.tsx'

export type ShareDraft = { readonly port: string; readonly isPublic: boolean }

export const usualShare: ShareDraft = { port: '8080', isPublic: false }

export function whyNotPort(port: string): string | null {
  const number = Number(port)
  const isGood = Number.isInteger(number) && number >= 1 && number <= 65_535
  return isGood ? null : 'Give a port up to 65535.'
}

/** Which port of a microVM is shared, and with whom. */
export function ShareFields({
  draft: { port, isPublic },
  onDraft,
  error,
}: {
  draft: ShareDraft
  onDraft: (draft: ShareDraft) => void
  /** What the server says of the port. */
  error: string | undefined
}) {
  return (
    <>
      <TextField
        label="Port"
        inputMode="numeric"
        value={port}
        onValue={(typed) => onDraft({ port: typed, isPublic })}
        error={port === '' ? null : (whyNotPort(port) ?? error)}
        hint="Where something in it listens, on all addresses."
        autoComplete="off"
      />
      <Switch
        label="Public"
        hint="Everybody who knows the address; otherwise it takes a key of your account."
        checked={isPublic}
        onChecked={(on) => onDraft({ port, isPublic: on })}
      />
    </>
  )
}
