/** Configuration: `garrison.yaml`, the environment and the command line, checked once at the start. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { problemsOf, withKeys } from './config/assistant.ts'
import { withDefaults } from './config/defaults.ts'
import { problemsOfRegistries, withPasswords } from './config/image-registries.ts'
import { withProviderOf } from './config/payments.ts'
import { type ConfigFile, configSchema } from './config/schema.ts'
import { ConfigError, describeConfigIssues } from './config/words.ts'
import { defaultDataDir } from './default-data-dir.ts'

export { ConfigError } from './config/words.ts'

export type Config = Omit<ConfigFile, 'regions' | 'flavors' | 'os_images'> & {
  readonly dataDir: string
  readonly demo: boolean
  /** Regions that are not configured, and whose things are to be left where they are. */
  readonly without: readonly string[]
  readonly regions: NonNullable<ConfigFile['regions']>
  readonly flavors: NonNullable<ConfigFile['flavors']>
  readonly os_images: NonNullable<ConfigFile['os_images']>
}

export type ConfigSources = {
  /** Path of a YAML file; left out, the defaults serve. */
  file?: string | undefined
  dataDir?: string | undefined
  demo?: boolean | undefined
  /** What microVMs begin as is built at once. */
  microvms?: boolean | undefined
  without?: readonly string[] | undefined
  /** Whether this host is a region where nobody says which there are. */
  local?: boolean | undefined
  host?: string | undefined
  port?: number | undefined
  env?: Readonly<Record<string, string | undefined>>
}

/** Throws {@link ConfigError} that names every wrong setting. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { file, demo = false, local = !demo, env = process.env } = sources
  const source = file ?? 'the configuration'
  const raw = withDefaults(file === undefined ? {} : readYaml(file), { demo, local })
  raw.payments = withProviderOf(raw.payments, env)
  const parsed = configSchema.safeParse(raw)
  if (!parsed.success) throw describeConfigIssues(source, parsed.error.issues, raw)
  const { regions = [], flavors = [], os_images = [], ...rest } = parsed.data
  const config: Config = {
    ...rest,
    dataDir: resolve(sources.dataDir ?? env.GARRISON_DATA ?? defaultDataDir(env)),
    demo,
    without: sources.without ?? [],
    regions,
    flavors,
    os_images,
    microvms: {
      ...rest.microvms,
      registries: withPasswords(rest.microvms.registries, env),
      base_at_start: sources.microvms || rest.microvms.base_at_start,
    },
    server: {
      ...rest.server,
      host: sources.host ?? rest.server.host,
      port: sources.port ?? rest.server.port,
    },
    database: { url: env.DATABASE_URL ?? rest.database.url },
    assistant: withKeys(rest.assistant, env),
  }
  requireConsistent(source, config)
  requireRealFolder(config.dataDir)
  return config
}

/** Nothing can be kept there, and Node never returns from making a folder under /proc. */
function requireRealFolder(dataDir: string) {
  const [, top = ''] = dataDir.split('/')
  if (!['proc', 'sys', 'dev'].includes(top)) return
  throw new ConfigError(`The data folder cannot be ${dataDir}: nothing can be kept under /${top}`)
}

function readYaml(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`)
  }
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem) throw new ConfigError(`${file} is not YAML: ${problem.message}`)
  const value: unknown = document.toJS() ?? {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`${file} must hold settings by name, such as "server:"`)
  }
  return value as Record<string, unknown>
}

/** Names that refer to each other must exist, and be there once. */
function requireConsistent(source: string, config: Config) {
  const wrong: string[] = []
  const unique = (path: string, names: readonly string[]) => {
    for (const name of names.filter((each, index) => names.indexOf(each) !== index)) {
      wrong.push(`${path}: "${name}" is there twice`)
    }
    return new Set(names)
  }
  unique(
    'regions',
    config.regions.map((region) => region.name),
  )
  const known = {
    gpu_models: new Set(Object.keys(config.gpu_models)),
    flavors: unique(
      'flavors',
      config.flavors.map((flavor) => flavor.name),
    ),
    os_images: unique(
      'os_images',
      config.os_images.map((image) => image.name),
    ),
  }
  if (config.regions.filter((region) => region.engine === 'qemu').length > 1) {
    wrong.push(
      'regions: found several with the engine qemu, wanted one: they would share this host',
    )
  }
  for (const [index, region] of config.regions.entries()) {
    for (const list of ['gpu_models', 'flavors', 'os_images'] as const) {
      for (const name of region[list]) {
        if (known[list].has(name)) continue
        wrong.push(
          `regions.${index}.${list}: found "${name}", wanted one of ${[...known[list]].join(', ')}`,
        )
      }
    }
  }
  for (const [name, model] of Object.entries(config.gpu_models)) {
    if (model.shapes['1'] === undefined)
      wrong.push(`gpu_models.${name}.shapes: wanted at least "1"`)
  }
  wrong.push(...problemsOf(config.assistant))
  wrong.push(...problemsOfRegistries(config.microvms.registries))
  if (wrong.length > 0) {
    throw new ConfigError(`${source} is not right:\n${wrong.map((line) => `  ${line}`).join('\n')}`)
  }
}
