/** Commander, with mistakes explained: what was wrong, the nearest match, and all that exists. */
import { Command } from 'commander'
import { Failure } from './failure.ts'

export class SpokenCommand extends Command {
  override createCommand(name?: string) {
    return new SpokenCommand(name)
  }

  override error(message: string, { code = '' }: { code?: string } = {}): never {
    const [what = '', ...more] = message.replace(/^error: /, '').split('\n')
    const advice = [...more, ...this.#alternatives(code)]
    const path = [...this.#path(), '--help'].join(' ')
    throw new Failure(what, { advice: [...advice, `See: ./garrison ${path}`], exitCode: 2 })
  }

  #alternatives(code: string): string[] {
    const help = this.createHelp()
    switch (code) {
      case 'commander.unknownCommand':
        return [
          `Commands: ${help
            .visibleCommands(this)
            .map((each) => each.name())
            .join(', ')}`,
        ]
      case 'commander.unknownOption': {
        const options = [...help.visibleOptions(this), ...help.visibleGlobalOptions(this)]
        return [`Options: ${options.map(({ long }) => long).join(', ')}`]
      }
      default:
        return []
    }
  }

  #path(): string[] {
    const path: string[] = []
    for (let each: Command | null = this; each?.parent; each = each.parent)
      path.unshift(each.name())
    return path
  }
}
