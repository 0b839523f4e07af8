/** What the command palette offers besides the names of things. */
import { useNavigate } from '@tanstack/react-router'
import { guides } from '../help/guides.ts'
import { setTheme } from '../ui/theme.ts'
import { tellProblem } from '../ui/toast.tsx'
import { useSearchOfThings } from './found-things.ts'
import { matches, type Named, ownWordsFirst } from './matches.ts'
import { activity, groupsFor, waiting } from './navigation.ts'
import { recent } from './recent.ts'
import { signOut, useMe } from './session.ts'
import { commandsOf, instances, microvms } from './thing-commands.ts'

export type Command = Named & { readonly key: string; readonly run: () => void }

const firstSteps = [
  ['Deploy an instance', '/instances/new', 'create machine vm launch'],
  ['Start a microVM', '/microvms?create=true', 'create sandbox new'],
  ['Build a snapshot of microVMs', '/microvms/snapshots?build=true', 'create new image oci'],
  ['Share a port of a microVM', '/microvms/shares?create=true', 'create new public url'],
  ['Create a snapshot', '/snapshots?create=true', 'new backup'],
  ['Import a snapshot', '/snapshots?import=true', 'upload backup qcow2'],
  ['Create a snapshot policy', '/snapshots/policies?create=true', 'new schedule nightly backup'],
  ['Create an image', '/images?create=true', 'new custom'],
  ['Create a volume', '/volumes?create=true', 'new disk'],
  ['Create a firewall', '/firewalls?create=true', 'new'],
  ['Add an SSH key', '/ssh-keys?create=true', 'new import'],
  ['Create a script', '/scripts?edit=new', 'new startup cloud-init'],
  ['Create an API key', '/api-keys?create=true', 'new token'],
  ['Create a webhook', '/webhooks?create=true', 'new events'],
  ['Invite a person', '/people?invite=true', 'add team user'],
  ['Buy credits', '/credits', 'top up pay'],
] as const

/** Behind tabs of another page. */
const inner = [
  ['Compute', 'Snapshots of microVMs', '/microvms/snapshots', 'builds base'],
  ['Compute', 'Shares of microVMs', '/microvms/shares', 'ports public url'],
  ['Storage', 'Snapshot policies', '/snapshots/policies', 'schedule nightly backup'],
  ['Account', 'Signing in', '/profile/sign-in', 'password sessions devices'],
  ['Page', 'Usage of the assistant', '/assistant/usage', 'tokens cost'],
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
    ...inner.map(([group, words, to, also]) => command(group, words, to, also)),
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
  const ofThings = [
    ...commandsOf(instances, things.instances, typed),
    ...commandsOf(microvms, things.vms, typed),
  ].map(({ key, words, group, to, change }): Command => {
    const run = () => {
      go(to)()
      change?.().catch(tellProblem)
    }
    return { key, words, group, run }
  })
  const read = guides.map(({ name, title }) => command('Guide', title, `/help/${name}`, 'help how'))
  return {
    found: ownWordsFirst(
      [
        ...fixed.filter((each) => matches(each, typed)),
        ...ofThings,
        ...named,
        ...read.filter((each) => matches(each, typed)),
      ],
      typed,
    ),
    searching: things.searching,
  }
}
