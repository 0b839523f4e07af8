/** What a page shows or does, for a shell: by curl, and by `garrison`. */
import { Link } from '@tanstack/react-router'
import { urlOf } from '../api/client.ts'
import { type There, useThere } from '../shell/there.ts'
import { Code } from './copy.tsx'

export type ApiCallOf = {
  readonly method: string
  /** With its ids in it, such as `/api/snapshots/`. */
  readonly path: string
  /** A text stands as it is, in double quotes, for a shell to fill in. */
  readonly body?: unknown
  /** The same by command, such as `garrison snapshot list`. */
  readonly command?: string
}
/** Or of what there is, so that it works when it is pasted. */
export type CallFor = ApiCallOf | ((there: There) => ApiCallOf)

export const curlOf = ({ method, path, body }: ApiCallOf, origin = location.origin) =>
  [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${shellWord(origin + path)}`,
    '  -H "Authorization: Api-Key $GARRISON_API_KEY"',
    ...(body === undefined ? [] : ['  -H "Content-Type: application/json"', `  -d ${given(body)}`]),
  ].join(' \\\n')

const given = (body: unknown) =>
  typeof body === 'string' ? `"${body.replaceAll('"', '\\"')}"` : quoted(JSON.stringify(body))

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** As one word of a shell: a query and a name with spaces need quotes. */
export const shellWord = (text: string) => (/^[\w./:@=,+-]+$/.test(text) ? text : quoted(text))

/** A list as it is narrowed: what is undefined or empty is left out. `flags`: those that the command has too. */
export function listCall(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
  { command, flags = [] }: { command: string; flags?: readonly string[] },
): ApiCallOf {
  const options = flags.flatMap((flag) => {
    const value = query[flag]
    return value ? [` --${flag} ${shellWord(String(value))}`] : []
  })
  return { method: 'GET', path: urlOf(path, { query }), command: command + options.join('') }
}

/** Stands for what there is none of. */
const missing = /\b(SSH_KEY_ID|INSTANCE|INSTANCE_ID|SNAPSHOT|SNAPSHOT_ID|VM|VM_ID|MODEL)\b/

export function Calls({ calls }: { calls: readonly CallFor[] }) {
  const fixed = calls.filter((call) => typeof call !== 'function')
  return fixed.length === calls.length ? <Shown calls={fixed} /> : <OfWhatThereIs calls={calls} />
}

function OfWhatThereIs({ calls }: { calls: readonly CallFor[] }) {
  const there = useThere()
  return <Shown calls={calls.map((call) => (typeof call === 'function' ? call(there) : call))} />
}

function Shown({ calls }: { calls: readonly ApiCallOf[] }) {
  const texts = calls.map((call) => ({ curl: curlOf(call), command: call.command }))
  const isMissing = texts.some(({ curl, command }) => missing.test(`${curl} ${command}`))
  return (
    <>
      {texts.map(({ curl, command }) => (
        <div key={curl} className="flex flex-col gap-2">
          <Code text={curl} label="curl command" />
          {command && <Code text={command} label="garrison command" />}
        </div>
      ))}
      {isMissing && (
        <p className="text-sm text-ink-3">What stands there in capitals has to be made first.</p>
      )}
      {calls.some(({ command }) => command) && (
        <p className="text-sm text-ink-3">
          On the host, <code>garrison</code> is <code>./garrison</code> in its folder;{' '}
          <Link to="/help/$guide" params={{ guide: 'command-line' }} className="underline">
            more about it
          </Link>
          .
        </p>
      )}
    </>
  )
}
