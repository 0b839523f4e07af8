/**
 * What a shell needs to complete our commands. All of them ask `garrison __complete` with the words so far,
 * the last being the one under the cursor; it answers a line for each candidate, with what it is behind a
 * tab. So the scripts know nothing of our commands and need not be made anew.
 */
import { Failure } from '../../failure.ts'
import { type Shell, shells } from '../../shells.ts'
import type { Context, ExitCode } from '../context.ts'

export function printCompletion({ terminal }: Context, shell: string): ExitCode {
  const known = shells.find((each) => each === shell)
  if (known === undefined) {
    throw new Failure(`There is no completion for "${shell}"`, {
      advice: [`There is for ${shells.join(', ')}`],
      exitCode: 2,
    })
  }
  terminal.printRaw(scripts[known])
  return 0
}

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# garrison: completion for bash
_garrison() {
  local line IFS=$'\\n'
  COMPREPLY=()
  for line in $("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    COMPREPLY+=("$(printf '%q' "\${line%%$'\\t'*}")")
  done
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _garrison garrison ./garrison`,

  zsh: `# garrison: completion for zsh
_garrison() {
  local -a found
  local line name
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [ -n "$line" ] || continue
    name=\${line%%$'\\t'*}
    found+=("\${name//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#found} )); then _describe 'garrison' found; else _files; fi
}
compdef _garrison garrison ./garrison`,

  fish: `# garrison: completion for fish
function __garrison_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c garrison -a '(__garrison_complete)'`,
}
