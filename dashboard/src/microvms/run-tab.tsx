/** Code to the session of a microVM, and what came of it. */
import { useMutation } from '@tanstack/react-query'
import { Play } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { SelectField, TextArea } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { useVm } from './use-vm.ts'
import { whyNotVm } from './vm.ts'

type Language = 'python' | 'bash'
type Result = Answer<'post', '/execute'>
type Ran = {
  readonly key: number
  readonly language: Language
  readonly code: string
  readonly result?: Result
  readonly problem?: string
}

/** How many are kept on the screen. */
const kept = 20

const limits = [10, 60, 300, 600].map((seconds) => ({
  value: String(seconds),
  words: seconds < 60 ? `${seconds} s` : `${seconds / 60} min`,
}))

const placeholders: Record<Language, string> = {
  python: 'print(sum(range(10)))',
  bash: 'uname -a',
}

export function RunTab() {
  const { session_id, status } = useVm()
  const [language, setLanguage] = useState<Language>('python')
  const [code, setCode] = useState('')
  const [timeout, setTimeout] = useState('60')
  const [ran, setRan] = useState<readonly Ran[]>([])
  // The button tells its reason; keys have nothing to hover over.
  const [refused, setRefused] = useState<string | null>(null)
  const add = (one: Omit<Ran, 'key'>) =>
    setRan((before) => [{ ...one, key: (before[0]?.key ?? 0) + 1 }, ...before].slice(0, kept))
  const run = useMutation({
    mutationFn: (what: { language: Language; code: string }) =>
      post('/execute', { body: { session_id, ...what, timeout: Number(timeout) } }),
    onSuccess: (result, what) => {
      add({ ...what, result })
      return stale('/v1/sessions/', '/v1/executions')
    },
    onError: (error, what) => add({ ...what, problem: wordsOf(error) }),
  })
  const reason =
    whyNotVm('execute', status) ?? (code.trim() === '' ? 'Write some code first' : null)
  const send = () => {
    setRefused(reason)
    if (reason === null && !run.isPending) run.mutate({ language, code })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      send()
    }
  }
  return (
    <div className="flex flex-col gap-5">
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <TextArea
          label="Code"
          mono
          rows={7}
          value={code}
          onValue={setCode}
          onKeyDown={onKeyDown}
          placeholder={placeholders[language]}
          spellCheck={false}
          autoCapitalize="none"
          hint="Variables, the working folder and what was imported stay between runs. Ctrl+Enter runs it."
        />
        <div className="flex flex-wrap items-end gap-3">
          <div className="w-32">
            <SelectField
              label="Language"
              value={language}
              onValue={setLanguage}
              choices={[
                { value: 'python', words: 'Python' },
                { value: 'bash', words: 'Bash' },
              ]}
            />
          </div>
          <div className="w-32">
            <SelectField label="At most" value={timeout} onValue={setTimeout} choices={limits} />
          </div>
          <Button
            type="submit"
            look="primary"
            icon={<Play aria-hidden className="size-4" />}
            busy={run.isPending && 'Running…'}
            reason={reason}
          >
            Run
          </Button>
        </div>
        {refused !== null && refused === reason && <Notice tone="warning">{refused}.</Notice>}
      </form>
      <ol aria-label="Results" aria-live="polite" className="flex flex-col gap-5">
        {ran.map((one) => (
          <li key={one.key} className="flex flex-col gap-2 border-t border-hairline pt-4">
            <Outcome ran={one} onAgain={() => setCode(one.code)} />
          </li>
        ))}
      </ol>
    </div>
  )
}

function Outcome({
  ran: { language, code, result, problem },
  onAgain,
}: {
  ran: Ran
  onAgain: () => void
}) {
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm text-ink-3">
        {result && (
          <>
            <span
              className={result.success ? 'font-medium text-running' : 'font-medium text-problem'}
            >
              exit {result.exit_code}
              {result.timed_out && ', its time was up'}
            </span>
            <span>{(result.execution_time * 1_000).toFixed(0)} ms</span>
            <span>{(result.cpu_time * 1_000).toFixed(0)} ms of processor</span>
            {result.simulated && <span>simulated</span>}
          </>
        )}
        <span className="grow" />
        <Button look="quiet" onClick={onAgain}>
          Edit again
        </Button>
      </div>
      <Code text={code} label={`${language} code`} />
      {problem && <Notice tone="problem">{problem}</Notice>}
      {result && <Printed name="Output" text={result.stdout} />}
      {result && <Printed name="Errors" text={result.stderr} />}
      {result?.stdout === '' && result.stderr === '' && (
        <p className="text-sm text-ink-3">It printed nothing.</p>
      )}
      {result?.truncated && (
        <p className="text-sm text-ink-3">It printed more; at most 1 MiB of each is kept.</p>
      )}
    </>
  )
}

const Printed = ({ name, text }: { name: string; text: string }) =>
  text === '' ? null : (
    <div className="flex flex-col gap-1">
      <p className="text-sm text-ink-3">{name}</p>
      <Code text={text} label={name.toLowerCase()} />
    </div>
  )
