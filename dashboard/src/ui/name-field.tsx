import { TextField } from './fields.tsx'

const allowed = { spaced: /^[A-Za-z0-9 ._-]*$/, tight: /^[A-Za-z0-9._-]*$/ }
const words = {
  spaced: 'Use letters, digits, spaces, hyphens, underscores and periods.',
  tight: 'Use letters, digits, hyphens, underscores and periods.',
}

/** What is wrong with a name, as the server would say; null when nothing is. */
export function nameProblem(
  name: string,
  { kind = 'spaced', taken = [] }: { kind?: keyof typeof allowed; taken?: readonly string[] } = {},
): string | null {
  if (name.trim() === '') return 'A name is needed.'
  if (name.length > 50) return `Use at most 50 characters; these are ${name.length}.`
  if (!allowed[kind].test(name)) return words[kind]
  const same = taken.find((each) => each.toLowerCase() === name.trim().toLowerCase())
  return same === undefined ? null : `You already have "${same}"; choose another name.`
}

/** A name, checked while it is typed: signs, length with a counter, and whether it is taken. */
export function NameField({
  label = 'Name',
  value,
  onValue,
  kind = 'spaced',
  taken,
  error,
  touched,
  ...rest
}: {
  label?: string
  value: string
  onValue: (value: string) => void
  kind?: 'spaced' | 'tight'
  taken?: readonly string[]
  /** What the server said of it. */
  error?: string | undefined
  /** An empty one is only wrong once somebody tried. */
  touched?: boolean
  autoFocus?: boolean
  placeholder?: string
}) {
  const problem = nameProblem(value, { kind, ...(taken === undefined ? {} : { taken }) })
  return (
    <TextField
      {...rest}
      label={label}
      value={value}
      onValue={onValue}
      aside={`${value.length}/50`}
      error={value === '' && !touched ? error : (problem ?? error)}
      autoComplete="off"
      spellCheck={false}
    />
  )
}
