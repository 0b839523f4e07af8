/** `garrison context`: several clouds, one at a time. */
import type { Command } from 'commander'
import { readContexts, requireContext, writeContexts } from '../../cloud/contexts.ts'
import { examples } from '../../cloud/noun.ts'
import type { Context, ExitCode } from '../context.ts'

export function defineContexts(
  group: Command,
  context: () => Context,
  finish: (code: ExitCode) => void,
) {
  group
    .command('list')
    .description('List the clouds that you are logged in to.')
    .addHelpText('after', examples('context list'))
    .action(() => {
      const { terminal, json } = context()
      const { current, contexts } = readContexts()
      const rows = Object.entries(contexts).map(([name, { url }]) => ({
        name,
        url,
        current: name === current,
      }))
      if (json) terminal.printJson(rows)
      else if (rows.length === 0) terminal.note('None. Log in: ./garrison login URL')
      else {
        const heads = ['', 'NAME', 'ADDRESS'].map((text) => terminal.style('dim', text))
        terminal.table([heads, ...rows.map((row) => [row.current ? '*' : ' ', row.name, row.url])])
      }
      finish(0)
    })
  group
    .command('use <name>')
    .description('Talk to this one from now on.')
    .addHelpText('after', examples('context use cloud.example.org'))
    .action((name: string) => {
      const { terminal, json } = context()
      const before = readContexts()
      const { url } = requireContext(before, name)
      writeContexts({ ...before, current: name })
      if (json) terminal.printJson({ name, url })
      else terminal.print(`Commands talk to ${url} from now on.`)
      finish(0)
    })
}
