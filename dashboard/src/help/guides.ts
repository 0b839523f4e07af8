/** Every guide at /help/, in the order in which they are read. Its text is `guides/<name>.md`. */

type Place = readonly [path: string, words: string]
/** `name`: in its address, and of its file. `place`: where it is done; left out where there is no one place. */
type Row = readonly [name: string, title: string, place?: Place]

const machines = ['/instances', 'Open instances'] as const
const deploy = ['/instances/new', 'Deploy an instance'] as const
const keys = ['/ssh-keys', 'Open SSH keys'] as const
const volumes = ['/volumes', 'Open volumes'] as const
const firewalls = ['/firewalls', 'Open firewalls'] as const
const snapshots = ['/snapshots', 'Open snapshots'] as const

/** By what stands over them. */
const table = {
  'First steps': [
    ['getting-started', 'Getting started', deploy],
    ['dashboard', 'The dashboard', ['/', 'Open the overview']],
    ['gpu-models', 'GPU models', deploy],
    ['regions', 'Regions', deploy],
  ],
  Account: [
    ['authentication', 'Signing in and access', ['/profile/sign-in', 'Open your ways to sign in']],
    ['account', 'Your account', ['/profile', 'Open the profile']],
    ['people', 'People and roles', ['/people', 'Open people']],
    ['api-keys', 'API keys', ['/api-keys', 'Open API keys']],
    ['audit-log', 'Audit log', ['/audit', 'Open the audit log']],
  ],
  Instances: [
    ['deploying', 'Deploying an instance', deploy],
    ['os-images', 'OS images', deploy],
    ['boot-sources', 'Boot sources', deploy],
    ['startup-scripts', 'Startup scripts and cloud-init', ['/scripts', 'Open scripts']],
    ['connecting', 'Connecting by SSH', machines],
    ['managing-instances', 'Managing instances', machines],
    ['hibernation', 'Hibernation', ['/hibernated', 'Open hibernated instances']],
    ['states-and-billing', 'States, and what they cost', machines],
  ],
  MicroVMs: [['microvms', 'MicroVMs', ['/microvms', 'Open microVMs']]],
  'SSH keys': [
    ['create-ssh-key', 'Creating an SSH key', keys],
    ['import-ssh-key', 'Importing an SSH key', keys],
    ['manage-ssh-keys', 'Managing SSH keys', keys],
  ],
  Volumes: [
    ['create-volume', 'Creating a volume', volumes],
    ['list-volumes', 'Your volumes at a glance', volumes],
    ['attach-volume', 'Attaching a volume', volumes],
    ['detach-volume', 'Detaching a volume', volumes],
    ['clone-volume', 'Cloning a volume', volumes],
    ['resize-volume', 'Growing a volume', volumes],
    ['delete-volume', 'Deleting a volume', volumes],
  ],
  Network: [
    ['network-and-security', 'Network and security', machines],
    ['firewalls', 'Managing firewalls', firewalls],
    ['firewall-rules', 'Firewall rules and attachment', firewalls],
  ],
  'Snapshots and images': [
    ['create-snapshot', 'Taking a snapshot', snapshots],
    ['manage-snapshots', 'Managing snapshots', snapshots],
    ['restore-snapshot', 'Restoring and rolling back', snapshots],
    ['snapshot-policies', 'Snapshot policies', ['/snapshots/policies', 'Open policies']],
    ['export-and-import', 'Exporting and importing', snapshots],
    ['snapshot-practice', 'Good practice with snapshots', snapshots],
    ['custom-images', 'Custom images', ['/images', 'Open images']],
  ],
  Money: [
    ['credits', 'Credits', ['/credits', 'Open credits']],
    ['depletion', 'When credits run out', ['/credits', 'Open credits']],
    ['billing-and-budgets', 'Billing and budgets', ['/billing', 'Open billing']],
  ],
  Programs: [
    ['command-line', 'The command line'],
    ['cli-login', 'Logging the command line in', ['/api-keys', 'Make an API key']],
    ['webhooks', 'Webhooks and events', ['/webhooks', 'Open webhooks']],
    ['assistant', 'AI chat', ['/assistant', 'Open the assistant']],
  ],
  'For operators': [
    ['operating', 'Hosts, accounts and operations', ['/operator/hosts', 'Open hosts']],
    ['prices', 'Prices', ['/operator/prices', 'Open prices']],
  ],
  Trouble: [['troubleshooting', 'Troubleshooting']],
} as const satisfies Readonly<Record<string, readonly Row[]>>

export type GuideName = (typeof table)[keyof typeof table][number][0]
export type Guide = { readonly name: GuideName; readonly title: string; readonly place?: Place }

const guideOf = ([name, title, place]: readonly [GuideName, string, Place?]): Guide => ({
  ...{ name, title },
  ...(place === undefined ? {} : { place }),
})

export const guideGroups = Object.entries(table).map(([words, rows]) => ({
  ...{ words, guides: rows.map(guideOf) },
}))

export const guides: readonly Guide[] = guideGroups.flatMap((group) => group.guides)
