/** What the command palette offers besides the names of things. */
import { useNavigate } from '@tanstack/react-router'
import { setTheme } from '../ui/theme.ts'
import { useSearchOfThings } from './found-things.ts'
import { matches, type Named } from './matches.ts'
import { activity, groupsFor, waiting } from './navigation.ts'
import { recent } from './recent.ts'
import { signOut, useMe } from './session.ts'

export type Command = Named & { readonly key: string; readonly run: () => void }

const firstSteps = [
  ['Deploy an instance', '/instances/new', 'create machine vm launch'],
  ['Start a microVM', '/microvms?create=true', 'create sandbox new'],
  ['Create a snapshot', '/snapshots?create=true', 'new backup'],
  ['Create a volume', '/volumes?create=true', 'new disk'],
  ['Create a firewall', '/firewalls?create=true', 'new'],
  ['Add an SSH key', '/ssh-keys?create=true', 'new import'],
  ['Create an API key', '/api-keys?create=true', 'new token'],
  ['Buy credits', '/credits', 'top up pay'],
] as const

const themes = [
  ['Light', 'light'],
  ['Dark', 'dark'],
  ['As the system', 'system'],
] as const

/** What fits to the words that were typed; lately visited places first while there are none. */
export function useCommands(typed: string): { found: readonly Command[]; searching: boolean } {
  const navigate = useNavigate()
  const me = useMe()
  const things = useSearchOfThings(typed)
  const go = (to: string) => () => void navigate({ to })
  const command = (group: string, words: string, to: string, also?: string): Command => ({
    key: `${group} ${to}`,
    words,
    group,
    ...(also === undefined ? {} : { also }),
    run: go(to),
  })
  const fixed = [
    ...[...groupsFor(me.role), { words: null, places: [activity, waiting] }].flatMap((group) =>
      group.places.map(({ to, words, also }) => command(group.words ?? 'Page', words, to, also)),
    ),
    ...firstSteps.map(([words, to, also]) => command('Begin', words, to, also)),
    ...themes.map(([words, theme]) => ({
      key: theme,
      words: `Colours: ${words}`,
      group: 'Look',
      also: `theme mode ${words}`,
      run: () => setTheme(theme),
    })),
    {
      key: 'out',
      words: 'Sign out',
      group: 'Account',
      also: 'log leave',
      run: () => void signOut(),
    },
  ]
  if (typed.trim() === '') {
    const lately = recent(me.id).map(({ to, words }) => command('Recent', words, to))
    return { found: [...lately, ...fixed], searching: false }
  }
  const named = things.found.map(({ kind, name, to }) => command(kind, name, to))
  return {
    found: [...fixed.filter((each) => matches(each, typed)), ...named],
    searching: things.searching,
  }
}
