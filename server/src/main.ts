/** The server process. `garrison up` starts it; a supervisor such as systemd may as well. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { keepCompiledCode, writeCompiledCode } from './compile-cache.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    config: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    dashboard: { type: 'string' },
    demo: { type: 'boolean', default: false },
    microvms: { type: 'boolean', default: false },
    without: { type: 'string', multiple: true, default: [] },
  },
})

/** A demonstration shows this host too where it can run machines. */
function hostRunsMachines() {
  const binary = (dir: string) => existsSync(join(dir, 'qemu-system-x86_64'))
  return process.getuid?.() === 0 && (process.env.PATH ?? '').split(delimiter).some(binary)
}

/** Heard from the first moment, so that a start which is called off leaves nothing half open. */
const stopping = Promise.withResolvers<NodeJS.Signals>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stopping.resolve)

try {
  keepCompiledCode()
  const [{ loadConfig }, { createLog }, { startServer }] = await Promise.all([
    import('./config.ts'),
    import('./log.ts'),
    import('./start.ts'),
  ])
  const config = loadConfig({
    file: values.config,
    dataDir: values.data,
    demo: values.demo,
    microvms: values.microvms,
    without: values.without,
    local: !values.demo || hostRunsMachines(),
    host: values.host,
    port: values.port === undefined ? undefined : Number(values.port),
  })
  const log = createLog(config.log.level)
  const server = await startServer(config, log, { dashboard: values.dashboard ?? null })
  writeCompiledCode()
  const signal = await stopping.promise
  log('info', 'stopping; machines keep running', { signal })
  await server.close()
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
