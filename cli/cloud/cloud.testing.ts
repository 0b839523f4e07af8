/** Commands in this process, on a server that is real but for its machines. */
import { type Config, loadConfig } from '../../server/src/config.ts'
import { listen } from '../../server/src/http/listen.ts'
import { type Api, createApi } from '../../server/src/testing/api.ts'
import { describeFailure, Failure } from '../failure.ts'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import { createProgram } from '../program.ts'

export type Said = { readonly code: number; readonly output: string; readonly errors: string }

/** Events are only listed once they have their places. */
export async function startFeed({ db, listener, log, services }: Api) {
  const feed = await services.events.feed.start({
    ...{ db, listener, log, placed: async () => {}, told: () => {} },
  })
  return {
    async close() {
      services.events.endAll()
      await feed.close()
    },
  }
}

/** Runs one command line; `answers` are typed at its questions, as on a terminal. */
export async function run(
  args: readonly string[],
  { answers = [] as string[] } = {},
): Promise<Said> {
  const fake = fakeTerminal({ tty: answers.length > 0 })
  for (const answer of answers) fake.type(answer)
  let code = 0
  const program = createProgram(fake.terminal, (finished) => {
    code = finished
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    fake.terminal.fail(describeFailure(error))
    code = error instanceof Failure ? error.exitCode : 1
  }
  return { code, output: fake.output(), errors: fake.errors() }
}

/** A cloud on a port, and `garrison` for somebody of it. */
export async function createCloud(config: Partial<Config> = {}) {
  // With the assistant that answers without a model.
  const { assistant } = loadConfig({ env: {}, dataDir: '/nowhere', demo: true })
  const api = await createApi({ config: { assistant, ...config } })
  api.startRunner()
  const feed = await startFeed(api)
  const server = await listen(api.app, { host: '127.0.0.1', port: 0 })
  return {
    ...api,
    url: server.url,
    async somebody(name?: string, may?: Parameters<typeof api.client>[1]) {
      const client = await api.client(name, may)
      const use = () => {
        process.env.GARRISON_URL = server.url
        process.env.GARRISON_API_KEY = client.key
      }
      use()
      return {
        ...client,
        use,
        garrison: (...args: string[]) => run(args),
        // What scripts read; what is looked at there is what tests assert.
        // biome-ignore lint/suspicious/noExplicitAny: see above
        async json(...args: string[]): Promise<any> {
          const said = await run([...args, '--json'])
          if (said.code !== 0) throw new Error(said.errors)
          return JSON.parse(said.output)
        },
      }
    },
    async close() {
      delete process.env.GARRISON_URL
      delete process.env.GARRISON_API_KEY
      await feed.close()
      await server.close()
      await api.close()
    },
  }
}
