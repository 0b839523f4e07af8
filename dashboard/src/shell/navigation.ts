/** Where one can go, in the order of the sidebar. The command palette offers the same. */
import {
  Activity,
  BookOpen,
  Boxes,
  Building2,
  Camera,
  CircleUser,
  Coins,
  Disc3,
  FileCode2,
  HardDrive,
  Hourglass,
  KeyRound,
  LayoutDashboard,
  type LucideIcon,
  MessagesSquare,
  MoonStar,
  Receipt,
  ScrollText,
  Server,
  ShieldCheck,
  SquareTerminal,
  Tags,
  Users,
  Warehouse,
  Webhook,
  Workflow,
} from 'lucide-react'
import type { Role } from './session.ts'

export type Place = {
  readonly to: string
  readonly words: string
  readonly Icon: LucideIcon
  /** Other words by which people look for it. */
  readonly also?: string
}
export type Group = {
  readonly words: string | null
  readonly places: readonly Place[]
  readonly roles?: readonly Role[]
}

export const navigation: readonly Group[] = [
  { words: null, places: [{ to: '/', words: 'Overview', Icon: LayoutDashboard, also: 'home' }] },
  {
    words: 'Compute',
    places: [
      { to: '/instances', words: 'Instances', Icon: Server, also: 'machines vm servers' },
      { to: '/microvms', words: 'MicroVMs', Icon: Boxes, also: 'sandboxes sessions shares fork' },
      { to: '/hibernated', words: 'Hibernated', Icon: MoonStar, also: 'sleep' },
      { to: '/images', words: 'Images', Icon: Disc3, also: 'custom' },
      { to: '/scripts', words: 'Scripts', Icon: FileCode2, also: 'startup cloud-init' },
      { to: '/ssh-keys', words: 'SSH keys', Icon: SquareTerminal, also: 'access' },
    ],
  },
  {
    words: 'Storage',
    places: [
      { to: '/volumes', words: 'Volumes', Icon: HardDrive, also: 'disks' },
      { to: '/snapshots', words: 'Snapshots', Icon: Camera, also: 'backup policies' },
    ],
  },
  {
    words: 'Network',
    places: [{ to: '/firewalls', words: 'Firewalls', Icon: ShieldCheck, also: 'security rules' }],
  },
  {
    words: 'Money',
    places: [
      { to: '/billing', words: 'Billing', Icon: Receipt, also: 'usage cost budget' },
      { to: '/credits', words: 'Credits', Icon: Coins, also: 'balance buy pay' },
    ],
  },
  {
    words: 'Account',
    places: [
      { to: '/profile', words: 'Profile', Icon: CircleUser, also: 'address country' },
      { to: '/people', words: 'People', Icon: Users, also: 'invite team roles' },
      { to: '/api-keys', words: 'API keys', Icon: KeyRound, also: 'tokens' },
      { to: '/webhooks', words: 'Webhooks', Icon: Webhook, also: 'events deliveries' },
      { to: '/audit', words: 'Audit log', Icon: ScrollText, also: 'who did what' },
    ],
  },
  {
    words: null,
    places: [
      { to: '/assistant', words: 'Assistant', Icon: MessagesSquare, also: 'ai chat ask model' },
    ],
  },
  {
    words: 'Operator',
    roles: ['operator'],
    places: [
      { to: '/operator/hosts', words: 'Hosts', Icon: Warehouse, also: 'capacity gpus stock drain' },
      {
        to: '/operator/accounts',
        words: 'Accounts',
        Icon: Building2,
        also: 'suspend limits grant',
      },
      {
        to: '/operator/operations',
        words: 'Operations',
        Icon: Workflow,
        also: 'retry cancel failed',
      },
      { to: '/operator/prices', words: 'Prices', Icon: Tags, also: 'rates change' },
    ],
  },
]

/** At the end of every sidebar, and open to those who are not signed in. */
const help: Place = { to: '/help', words: 'Help', Icon: BookOpen, also: 'guides documentation how' }

/** In no sidebar: what leads there says when there is something. */
export const waiting: Place = {
  to: '/deploy-requests',
  words: 'Waiting for room',
  Icon: Hourglass,
  also: 'deploy requests queue sold out',
}

export const activity: Place = { to: '/operations', words: 'Activity', Icon: Activity }

/** Along the lower edge of a phone; everything else is behind "More". */
export const phonePlaces: readonly string[] = ['/', '/instances', '/microvms', '/billing']

export const groupsFor = (role: Role): readonly Group[] => [
  ...navigation.filter(({ roles }) => roles === undefined || roles.includes(role)),
  { words: null, places: [help] },
]
