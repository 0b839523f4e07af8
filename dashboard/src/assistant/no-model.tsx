import { Code } from '../ui/copy.tsx'

const yaml = `assistant:
  upstreams:
    - id: ollama
      base_url: http://127.0.0.1:11434/v1
      models:
        - id: llama
          upstream_model: llama3.2
          context_length: 8192
          free: true`

/** Without a model there is nobody to ask; whoever runs the installation can change that. */
export function NoModel({ operator }: { operator: boolean }) {
  return (
    <div className="grid gap-x-12 gap-y-6 py-2 lg:grid-cols-2">
      <div className="flex max-w-prose flex-col gap-4">
        <h2 className="text-lg">No model is connected yet</h2>
        <p className="text-ink-2">
          The assistant asks a language model, on this host, in your network or at a provider. Any
          server that speaks OpenAI’s chat completions and counts tokens will do, such as Ollama,
          vLLM or llama.cpp.
        </p>
        <p className="text-ink-2">
          {operator
            ? 'Put it into garrison.yaml and restart the server. Then it appears here, for every account.'
            : 'Ask whoever runs this installation to connect one in garrison.yaml.'}
        </p>
      </div>
      {operator && (
        <div className="flex min-w-0 flex-col gap-2">
          <p className="text-sm text-ink-3">
            In <code>garrison.yaml</code>, for a model of Ollama’s on this host
          </p>
          <Code text={yaml} label="configuration" />
        </div>
      )}
    </div>
  )
}
