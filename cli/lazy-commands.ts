/** Groups whose commands are loaded when somebody asks for one of them, or for their help. */
import type { Command } from 'commander'

const loaders = new WeakMap<Command, () => Promise<void>>()

/** `load` adds the commands of the group, once. */
export function fillLater(group: Command, load: () => Promise<void>) {
  let filled: Promise<void> | null = null
  const once = () => {
    filled ??= load()
    return filled
  }
  loaders.set(group, once)
  const parent = group.parent
  parent?.hook('preSubcommand', async (_, next) => {
    if (next === group) await once()
  })
}

export async function fill(command: Command) {
  await loaders.get(command)?.()
}
