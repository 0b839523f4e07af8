/**
 * `#cloud-config` for OS images without cloud-init. A shell cannot read YAML honestly, so it is read here,
 * and the machine is given a script that does the same. Whatever is not known is refused by name before
 * anything happens, so that nobody finds half of a configuration in a machine.
 */
import { parseDocument } from 'yaml'
import { z } from 'zod'

const deepest = 200

/** cloud-init reads YAML 1.1, in which 0644 is octal. */
const yamlVersion = '1.1'

const octal = 'Permissions are octal and in quotes, such as "0644".'

const Mode = z.union(
  [
    // 0644 and the like; 644 without quotes would be decimal.
    z.int(octal).min(0).max(0o777, octal),
    z
      .string()
      .regex(/^0?o?[0-7]{3,4}$/)
      .transform((text) => Number.parseInt(text.replace('o', ''), 8)),
  ],
  { error: octal },
)

const File = z.strictObject({
  path: z.string().regex(/^\/[^\0]*[^/\0]$/, 'A path begins with / and names a file.'),
  content: z.string().default(''),
  encoding: z
    .enum(['text/plain', 'b64', 'base64'], { error: 'Known are text/plain, b64 and base64.' })
    .default('text/plain'),
  owner: z
    .string()
    .regex(/^[a-z_0-9][a-z0-9_-]*(:[a-z_0-9][a-z0-9_-]*)?$/i, 'An owner is user or user:group.')
    .default('root:root'),
  permissions: Mode.default(0o644),
  append: z.boolean().default(false),
  /** Nothing happens between the stages of cloud-init here. */
  defer: z.boolean().default(false),
})
type File = z.infer<typeof File>

const Command = z.union([z.string(), z.array(z.union([z.string(), z.number()])).min(1)], {
  error: 'A command is a line, or a list of words.',
})

const CloudConfig = z.strictObject({
  hostname: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'Use letters, digits and hyphens, 63 at most.')
    .nullish(),
  ssh_authorized_keys: z
    .array(z.string().regex(/^[a-z][\w@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/, 'Not a public key.'))
    .nullish(),
  write_files: z.array(File).nullish(),
  runcmd: z.array(Command.nullable()).nullish(),
})
type CloudConfig = z.infer<typeof CloudConfig>

const known = Object.keys(CloudConfig.shape).join(', ')

export type Translation = { readonly script: string } | { readonly problems: readonly string[] }

/** @param image Its name, for the words about what it does not know. */
export function scriptOfCloudConfig(text: string, image: string): Translation {
  const read = readYaml(text)
  if ('problems' in read) return read
  const parsed = CloudConfig.safeParse(read.value ?? {})
  if (!parsed.success) {
    return { problems: parsed.error.issues.map((issue) => describe(issue, image)) }
  }
  return { script: scriptOf(parsed.data) }
}

/**
 * The parser spends a second on text that opens thousands of levels, before it finds them too many. What
 * is inside of quotes counts too: nobody writes that many brackets without closing them.
 */
function isTooDeep(text: string): boolean {
  let open = 0
  for (const character of text) {
    if (character === '[' || character === '{') open += 1
    if (character === ']' || character === '}') open = Math.max(0, open - 1)
    if (open > deepest) return true
  }
  return /(?:[-?]\s+){100}/.test(text)
}

function readYaml(text: string): { value: unknown } | { problems: string[] } {
  if (isTooDeep(text)) return { problems: ['This YAML is nested too deep.'] }
  try {
    const document = parseDocument(text, { version: yamlVersion })
    const [error] = document.errors
    if (error === undefined) return { value: document.toJS() }
    return { problems: [`This is no YAML: ${firstLine(error.message)}`] }
  } catch (error) {
    // Aliases that multiply.
    return { problems: [`This YAML is too much: ${firstLine(String(error))}`] }
  }
}

const firstLine = (text: string) => text.split('\n')[0] ?? ''

function describe(issue: z.core.$ZodIssue, image: string): string {
  const where = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${key}"`).join(', ')
    return where === ''
      ? `${image} does not know ${names} of #cloud-config; it knows ${known}. A script that begins with #! can do the rest.`
      : `${where} does not know ${names}.`
  }
  return where === '' ? 'Write keys with values, such as "runcmd:".' : `${where}: ${issue.message}`
}

/** Each part is tried whatever became of those before it, as cloud-init does. */
function scriptOf({ hostname, ssh_authorized_keys, write_files, runcmd }: CloudConfig): string {
  return [
    '#!/bin/sh',
    'umask 022',
    'failed=0',
    ...(hostname ? [orFailed(hostnameLines(hostname))] : []),
    ...(ssh_authorized_keys?.length ? [orFailed(keyLines(ssh_authorized_keys))] : []),
    ...(write_files ?? []).map((file) => orFailed(fileLines(file))),
    ...(runcmd?.length ? commandLines(runcmd) : []),
    'exit $failed',
    '',
  ].join('\n')
}

const orFailed = (commands: readonly string[]) => `${commands.join(' &&\n  ')} || failed=1`

/** For any text: a shell's argument could not hold a NUL, which the base64 of a file may. */
const decoded = (content: string | Buffer) =>
  `printf %s ${quoted(Buffer.from(content).toString('base64'))} | base64 -d`

function hostnameLines(name: string) {
  return [
    `hostname ${name}`,
    `echo ${name} > /etc/hostname`,
    `echo "127.0.1.1 ${name}" >> /etc/hosts`,
  ]
}

function keyLines(keys: readonly string[]) {
  return [
    'mkdir -p -m 700 "$HOME/.ssh"',
    `${decoded(keys.map((key) => `${key}\n`).join(''))} >> "$HOME/.ssh/authorized_keys"`,
    'chmod 600 "$HOME/.ssh/authorized_keys"',
  ]
}

function fileLines({ path, content, encoding, owner, permissions, append }: File) {
  const bytes = encoding === 'text/plain' ? content : Buffer.from(content, 'base64')
  const name = quoted(path)
  return [
    `mkdir -p ${quoted(path.slice(0, path.lastIndexOf('/')) || '/')}`,
    `${decoded(bytes)} ${append ? '>>' : '>'} ${name}`,
    `chmod ${permissions.toString(8).padStart(4, '0')} ${name}`,
    `chown ${quoted(owner)} ${name}`,
  ]
}

/** In a shell of their own, all in one: they may say `exit`, set variables, and be no shell at all. */
function commandLines(commands: NonNullable<CloudConfig['runcmd']>) {
  const lines = commands.flatMap((command) => {
    if (command === null) return []
    return typeof command === 'string' ? [command] : [command.map(String).map(quoted).join(' ')]
  })
  return [
    'commands=$(mktemp)',
    `${decoded(`${lines.join('\n')}\n`)} > "$commands"`,
    'sh "$commands" || failed=$?',
    'rm -f "$commands"',
  ]
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
