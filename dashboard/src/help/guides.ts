/** Every guide at /help/, in the order in which they are read. Its text is `guides/<name>.md`. */

type GuideOf = {
  /** In its address, and of its file. */
  readonly name: string
  readonly title: string
  /** Where it is done; left out where there is no one place. */
  readonly place?: readonly [path: string, words: string]
}
type GuideGroup = { readonly words: string; readonly guides: readonly GuideOf[] }

const machines = ['/instances', 'Open instances'] as const
const deploy = ['/instances/new', 'Deploy an instance'] as const
const keys = ['/ssh-keys', 'Open SSH keys'] as const
const volumes = ['/volumes', 'Open volumes'] as const
const firewalls = ['/firewalls', 'Open firewalls'] as const
const snapshots = ['/snapshots', 'Open snapshots'] as const

export const guideGroups = [
  {
    words: 'First steps',
    guides: [
      { name: 'getting-started', title: 'Getting started', place: deploy },
      { name: 'dashboard', title: 'The dashboard', place: ['/', 'Open the overview'] },
      { name: 'gpu-models', title: 'GPU models', place: deploy },
      { name: 'regions', title: 'Regions', place: deploy },
    ],
  },
  {
    words: 'Account',
    guides: [
      {
        name: 'authentication',
        title: 'Signing in and access',
        place: ['/profile/sign-in', 'Open your ways to sign in'],
      },
      { name: 'account', title: 'Your account', place: ['/profile', 'Open the profile'] },
      { name: 'people', title: 'People and roles', place: ['/people', 'Open people'] },
      { name: 'api-keys', title: 'API keys', place: ['/api-keys', 'Open API keys'] },
      { name: 'audit-log', title: 'Audit log', place: ['/audit', 'Open the audit log'] },
    ],
  },
  {
    words: 'Instances',
    guides: [
      { name: 'deploying', title: 'Deploying an instance', place: deploy },
      { name: 'os-images', title: 'OS images', place: deploy },
      { name: 'boot-sources', title: 'Boot sources', place: deploy },
      {
        name: 'startup-scripts',
        title: 'Startup scripts and cloud-init',
        place: ['/scripts', 'Open scripts'],
      },
      { name: 'connecting', title: 'Connecting by SSH', place: machines },
      { name: 'managing-instances', title: 'Managing instances', place: machines },
      {
        name: 'hibernation',
        title: 'Hibernation',
        place: ['/hibernated', 'Open hibernated instances'],
      },
      { name: 'states-and-billing', title: 'States, and what they cost', place: machines },
    ],
  },
  {
    words: 'MicroVMs',
    guides: [{ name: 'microvms', title: 'MicroVMs', place: ['/microvms', 'Open microVMs'] }],
  },
  {
    words: 'SSH keys',
    guides: [
      { name: 'create-ssh-key', title: 'Creating an SSH key', place: keys },
      { name: 'import-ssh-key', title: 'Importing an SSH key', place: keys },
      { name: 'manage-ssh-keys', title: 'Managing SSH keys', place: keys },
    ],
  },
  {
    words: 'Volumes',
    guides: [
      { name: 'create-volume', title: 'Creating a volume', place: volumes },
      { name: 'list-volumes', title: 'Your volumes at a glance', place: volumes },
      { name: 'attach-volume', title: 'Attaching a volume', place: volumes },
      { name: 'detach-volume', title: 'Detaching a volume', place: volumes },
      { name: 'clone-volume', title: 'Cloning a volume', place: volumes },
      { name: 'resize-volume', title: 'Growing a volume', place: volumes },
      { name: 'delete-volume', title: 'Deleting a volume', place: volumes },
    ],
  },
  {
    words: 'Network',
    guides: [
      { name: 'network-and-security', title: 'Network and security', place: machines },
      { name: 'firewalls', title: 'Managing firewalls', place: firewalls },
      { name: 'firewall-rules', title: 'Firewall rules and attachment', place: firewalls },
    ],
  },
  {
    words: 'Snapshots and images',
    guides: [
      { name: 'create-snapshot', title: 'Taking a snapshot', place: snapshots },
      { name: 'manage-snapshots', title: 'Managing snapshots', place: snapshots },
      { name: 'restore-snapshot', title: 'Restoring and rolling back', place: snapshots },
      {
        name: 'snapshot-policies',
        title: 'Snapshot policies',
        place: ['/snapshots/policies', 'Open policies'],
      },
      { name: 'export-and-import', title: 'Exporting and importing', place: snapshots },
      { name: 'snapshot-practice', title: 'Good practice with snapshots', place: snapshots },
      { name: 'custom-images', title: 'Custom images', place: ['/images', 'Open images'] },
    ],
  },
  {
    words: 'Money',
    guides: [
      { name: 'credits', title: 'Credits', place: ['/credits', 'Open credits'] },
      { name: 'depletion', title: 'When credits run out', place: ['/credits', 'Open credits'] },
      {
        name: 'billing-and-budgets',
        title: 'Billing and budgets',
        place: ['/billing', 'Open billing'],
      },
    ],
  },
  {
    words: 'Programs',
    guides: [
      { name: 'command-line', title: 'The command line' },
      {
        name: 'cli-login',
        title: 'Logging the command line in',
        place: ['/api-keys', 'Make an API key'],
      },
      { name: 'webhooks', title: 'Webhooks and events', place: ['/webhooks', 'Open webhooks'] },
      { name: 'assistant', title: 'AI chat', place: ['/assistant', 'Open the assistant'] },
    ],
  },
  {
    words: 'For operators',
    guides: [
      {
        name: 'operating',
        title: 'Hosts, accounts and operations',
        place: ['/operator/hosts', 'Open hosts'],
      },
      { name: 'prices', title: 'Prices', place: ['/operator/prices', 'Open prices'] },
    ],
  },
  {
    words: 'Trouble',
    guides: [{ name: 'troubleshooting', title: 'Troubleshooting' }],
  },
] as const satisfies readonly GuideGroup[]

export type GuideName = (typeof guideGroups)[number]['guides'][number]['name']
export type Guide = GuideOf & { readonly name: GuideName }

export const guides: readonly Guide[] = guideGroups.flatMap(
  (group): readonly Guide[] => group.guides,
)
