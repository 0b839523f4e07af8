/** Registries of images that microVMs may be built from beside those that everybody can read. */
import { z } from 'zod'

const registry = z.strictObject({
  /** `registry.example.com`, or with a port; `docker.io` for Docker's. */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/),
  username: z
    .string()
    .min(1)
    .regex(/^[^:]*$/, 'must not have a colon')
    .nullable()
    .default(null),
  password: z.string().min(1).nullable().default(null),
  /** The variable of the environment that holds the password. */
  password_env: z.string().min(1).optional(),
  /** HTTP, or HTTPS with a certificate that nobody knows. */
  insecure: z.boolean().default(false),
})

/** Whoever may build here may have what these credentials can read. */
export const imageRegistries = z.array(registry).default([])
export type ConfiguredRegistry = z.infer<typeof registry>

type Env = Readonly<Record<string, string | undefined>>

/** Takes passwords from the environment where the file says so. */
export const withPasswords = (registries: readonly ConfiguredRegistry[], env: Env) =>
  registries.map((each) =>
    each.password_env === undefined
      ? each
      : { ...each, password: env[each.password_env] ?? each.password },
  )

/** What the schema cannot see, in words for the operator. */
export function problemsOfRegistries(registries: readonly ConfiguredRegistry[]): string[] {
  const names = registries.map(({ name }) => name)
  return registries.flatMap(({ name, username, password, password_env }, at) => {
    const where = `microvms.registries.${at}`
    const wrong: string[] = []
    if (names.indexOf(name) !== at) wrong.push(`${where}.name: "${name}" is there twice`)
    if (password_env !== undefined && password === null)
      wrong.push(`${where}.password_env: ${password_env} is not set in the environment`)
    else if ((username === null) !== (password === null))
      wrong.push(`${where}: name both username and password, or neither`)
    return wrong
  })
}
