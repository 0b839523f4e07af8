/**
 * The 68 operations of the published API, by name, with the test that shows each doing its work. What
 * every operation has in common is shown by two suites that know no names: `contract-conformance.test.ts`
 * calls all of them and holds the answers against the contract, `walk.test.ts` asks in every wrong way.
 */
export type PublishedOperation = {
  /** As the published reference calls it. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** A test file, and words of a test in it. */
  readonly proof?: readonly [file: string, words: string]
}

const story = [
  'e2e/story.system.test.ts',
  'deploys, writes, snapshots, deletes, restores, images, deploys from the image, stops, starts, reboots',
] as const
const e2eFirewalls = 'e2e/firewalls.system.test.ts'
const lists = 'server/src/lists.test.ts'
const billing = 'server/src/billing/records.test.ts'
const keys = 'server/src/ssh-keys/service.test.ts'
const firewalls = 'server/src/firewalls/routes.test.ts'
const snapshots = 'server/src/snapshots/snapshots.test.ts'
const images = 'server/src/images/images.test.ts'
const pricing = 'server/src/catalog/pricing.test.ts'
const assistant = 'server/src/assistant/assistant.test.ts'

export const publishedOperations: Readonly<Record<string, readonly PublishedOperation[]>> = {
  Balance: [
    {
      name: 'Get credit balance',
      method: 'GET',
      path: '/api/balance/',
      proof: [
        'server/src/billing/service.test.ts',
        'is shown in the account currency, beside the three that never mix',
      ],
    },
  ],
  'GPU stocks, GPU specs, regions': [
    {
      name: 'Get GPU stock availability',
      method: 'GET',
      path: '/api/gpu-stocks/',
      proof: [
        'server/src/catalog/stock.test.ts',
        'counts the machines of each size that could be deployed now',
      ],
    },
    { name: 'Get GPU specifications', method: 'GET', path: '/api/gpu-specs/' },
    { name: 'List available regions', method: 'GET', path: '/api/regions/' },
  ],
  Pricing: [
    {
      name: 'Get pricing information',
      method: 'GET',
      path: '/api/pricing/',
      proof: [pricing, 'the price list is the published example, key for key'],
    },
    {
      name: 'Get pricing information',
      method: 'POST',
      path: '/api/pricing/',
      proof: [pricing, 'in the body wins over the same in the query'],
    },
  ],
  'Deploy instance': [
    { name: 'Create a new instance', method: 'POST', path: '/api/deploy/', proof: story },
  ],
  Instances: [
    {
      name: 'List instances',
      method: 'GET',
      path: '/api/instances/',
      proof: [lists, 'that are deleted are left out unless they are asked for'],
    },
    {
      name: 'Get instance details',
      method: 'GET',
      path: '/api/instances/{instance_id}/',
      proof: story,
    },
    {
      name: 'Delete instance',
      method: 'DELETE',
      path: '/api/instances/{instance_id}/',
      proof: story,
    },
    {
      name: 'Get instance billing',
      method: 'GET',
      path: '/api/instances/billing/',
      proof: [billing, 'has exactly the published keys, numbers and words'],
    },
    {
      name: 'Start instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/start/',
      proof: story,
    },
    {
      name: 'Stop instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/stop/',
      proof: story,
    },
    {
      name: 'Reboot instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/reboot/',
      proof: story,
    },
    {
      name: 'Hibernate instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/hibernate/',
      proof: [
        'server/src/instances/hibernation.test.ts',
        'frees processor and memory, keeps the address, and ends where it began',
      ],
    },
    {
      name: 'Restore hibernated instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/restore/',
      proof: [
        'server/src/instances/hibernation.test.ts',
        'makes room for another machine, for which its restore then waits, unharmed',
      ],
    },
    {
      name: 'Toggle public IP for instance',
      method: 'POST',
      path: '/api/instances/{instance_id}/toggle-public-ip/',
      proof: [
        'e2e/public-addresses.system.test.ts',
        'is gone when it is taken away, and only it; another is there when one is asked for',
      ],
    },
    {
      name: 'Get hibernated instances count',
      method: 'GET',
      path: '/api/instances/hibernated/',
      proof: ['server/src/instances/hibernation-routes.test.ts', 'counts what is hibernated'],
    },
    {
      name: 'Add instance security rule',
      method: 'POST',
      path: '/api/instances/{instance_id}/security-rules/',
      proof: [e2eFirewalls, 'is opened by a rule of its own, and closed again without it'],
    },
    {
      name: 'Remove instance security rule',
      method: 'DELETE',
      path: '/api/instances/{instance_id}/security-rules/{rule_id}/',
      proof: [e2eFirewalls, 'is opened by a rule of its own, and closed again without it'],
    },
    {
      name: 'Get firewalls attached to instance',
      method: 'GET',
      path: '/api/instances/{instance_id}/firewalls/',
      proof: [firewalls, 'the instance shows what protects it'],
    },
    {
      name: 'List Instance eligible for snapshot creation',
      method: 'GET',
      path: '/api/snapshots/eligible-instances/',
    },
  ],
  'OS images and SSH keys': [
    { name: 'List OS images', method: 'GET', path: '/api/os-images/' },
    {
      name: 'List SSH keys',
      method: 'GET',
      path: '/api/ssh-keys/',
      proof: [keys, 'shows the newest first, a page at a time'],
    },
    { name: 'Create SSH key', method: 'POST', path: '/api/ssh-keys/', proof: story },
    { name: 'Get SSH key', method: 'GET', path: '/api/ssh-keys/{key_id}/' },
    {
      name: 'Delete SSH key',
      method: 'DELETE',
      path: '/api/ssh-keys/{key_id}/',
      proof: [keys, 'is refused while a machine has the key, and says which'],
    },
  ],
  'Startup scripts': [
    {
      name: 'List all startup scripts',
      method: 'GET',
      path: '/api/scripts/',
      proof: [
        'server/src/scripts/scripts.test.ts',
        'is by age and name, with or without the texts',
      ],
    },
    {
      name: 'Create a startup script',
      method: 'POST',
      path: '/api/scripts/',
      proof: [
        'e2e/first-boot.system.test.ts',
        'a script of 64 KiB runs, and what it said is shown',
      ],
    },
    {
      name: 'Get startup script details',
      method: 'GET',
      path: '/api/scripts/{script_id}/',
      proof: [
        'server/src/scripts/scripts.test.ts',
        'is kept as it was sent, under an id of its kind',
      ],
    },
    {
      name: 'Update a startup script',
      method: 'PUT',
      path: '/api/scripts/{script_id}/',
      proof: [
        'server/src/scripts/scripts.test.ts',
        'may be given its own name in another case, but not that of another',
      ],
    },
    {
      name: 'Delete a startup script',
      method: 'DELETE',
      path: '/api/scripts/{script_id}/',
      proof: [
        'server/src/scripts/scripts.test.ts',
        'is gone when it is deleted, and its name is free',
      ],
    },
    {
      name: 'Delete multiple startup scripts',
      method: 'DELETE',
      path: '/api/scripts/',
      proof: [
        'server/src/scripts/scripts.test.ts',
        'takes those that there are, and names those that there are not',
      ],
    },
  ],
  Firewalls: [
    {
      name: 'List firewalls',
      method: 'GET',
      path: '/api/firewalls/',
      proof: [firewalls, 'the list counts what there is'],
    },
    {
      name: 'Create firewall',
      method: 'POST',
      path: '/api/firewalls/',
      proof: [e2eFirewalls, 'a machine with a firewall that lets in SSH'],
    },
    {
      name: 'Get firewall details',
      method: 'GET',
      path: '/api/firewalls/{firewall_id}/',
      proof: ['server/src/firewalls/attachments.test.ts', 'reaches the machine, and then says so'],
    },
    {
      name: 'Delete firewall',
      method: 'DELETE',
      path: '/api/firewalls/{firewall_id}/',
      proof: [
        'server/src/firewalls/service.test.ts',
        'by force detaches first; meanwhile nothing else is done with it',
      ],
    },
    {
      name: 'Add firewall rule',
      method: 'POST',
      path: '/api/firewalls/{firewall_id}/rules/',
      proof: [
        e2eFirewalls,
        'is opened by a rule, and closed again without it, for connections that are open too',
      ],
    },
    {
      name: 'Remove firewall rule',
      method: 'DELETE',
      path: '/api/firewalls/{firewall_id}/rules/{rule_id}/',
      proof: [
        e2eFirewalls,
        'is opened by a rule, and closed again without it, for connections that are open too',
      ],
    },
    {
      name: 'Attach firewall to instances',
      method: 'POST',
      path: '/api/firewalls/{firewall_id}/attach/',
      proof: [e2eFirewalls, 'has the sum of their rules'],
    },
    {
      name: 'Get supported protocols',
      method: 'GET',
      path: '/api/firewalls/protocols/',
      proof: [firewalls, 'all 26 protocols are told, and which of them take ports'],
    },
    {
      name: 'List instances available for firewall attachment',
      method: 'GET',
      path: '/api/firewalls/available-instances/',
      proof: [firewalls, 'the instances that can be chosen say whether they are attached'],
    },
  ],
  Snapshots: [
    {
      name: 'List snapshots',
      method: 'GET',
      path: '/api/snapshots/',
      proof: [snapshots, 'is counted with all others of its account'],
    },
    {
      name: 'Get snapshot billing',
      method: 'GET',
      path: '/api/snapshots/billing/',
      proof: [
        billing,
        'bills a snapshot by the size of its disk, as published: 250 GB for 480 minutes are 2',
      ],
    },
    {
      name: 'Get snapshot details',
      method: 'GET',
      path: '/api/snapshots/{snapshot_id}/',
      proof: [snapshots, 'shows what it is of, and how good it is'],
    },
    { name: 'Create snapshot', method: 'POST', path: '/api/snapshots/', proof: story },
    {
      name: 'Delete snapshot',
      method: 'DELETE',
      path: '/api/snapshots/{snapshot_id}/',
      proof: [images, 'outlives its snapshot, whose name it keeps'],
    },
    {
      name: 'Restore snapshot',
      method: 'POST',
      path: '/api/snapshots/{snapshot_id}/restore/',
      proof: story,
    },
  ],
  'Custom images': [
    {
      name: 'List custom images',
      method: 'GET',
      path: '/api/custom-images/',
      proof: [lists, 'comes in pages, newest first, without gaps or repetitions'],
    },
    {
      name: 'Get image details',
      method: 'GET',
      path: '/api/custom-images/{image_id}/',
      proof: [images, 'shows what it was made of'],
    },
    {
      name: 'Delete custom image',
      method: 'DELETE',
      path: '/api/custom-images/{image_id}/',
      proof: [images, 'either deploy from an image or delete it'],
    },
    {
      name: 'Create image from snapshot',
      method: 'POST',
      path: '/api/custom-images/',
      proof: story,
    },
    {
      name: 'Get snapshot-image relationship',
      method: 'GET',
      path: '/api/custom-images/relationships/{snapshot_id}/',
      proof: [images, 'are there while the images are'],
    },
    {
      name: 'Get snapshot-image relationship list',
      method: 'POST',
      path: '/api/custom-images/relationships/',
      proof: [images, 'are told of many at once, each once, and of those that are not there'],
    },
  ],
  Volumes: [
    { name: 'List volumes', method: 'GET', path: '/api/volumes/' },
    { name: 'Create volume', method: 'POST', path: '/api/volumes/' },
    { name: 'Get volume details', method: 'GET', path: '/api/volumes/{volume_id}/' },
    { name: 'Delete volume', method: 'DELETE', path: '/api/volumes/{volume_id}/' },
    { name: 'Attach volumes to instance', method: 'POST', path: '/api/volumes/attach/' },
    { name: 'Detach volumes from instance', method: 'POST', path: '/api/volumes/detach/' },
    { name: 'Clone volume', method: 'POST', path: '/api/volumes/{volume_id}/clone/' },
    { name: 'Resize volume', method: 'POST', path: '/api/volumes/{volume_id}/resize/' },
    {
      name: 'Get volume billing',
      method: 'GET',
      path: '/api/volumes/billing/',
      proof: [billing, 'bills a volume by its size and type, and begins anew when it grows'],
    },
    { name: 'List available volume types', method: 'GET', path: '/api/volumes/types/' },
  ],
  'AI chat': [
    {
      name: 'Chat with AI',
      method: 'POST',
      path: '/api/ai/chat/completions/',
      proof: [assistant, 'answers with what was said, what it cost and what is left'],
    },
    {
      name: 'Get AI usage summary',
      method: 'GET',
      path: '/api/ai/usage/summary/',
      proof: [assistant, 'is told by model and period, of nobody else'],
    },
    {
      name: 'Get AI usage history',
      method: 'GET',
      path: '/api/ai/usage/history/',
      proof: [assistant, 'is told by model and period, of nobody else'],
    },
    {
      name: 'Get available AI models',
      method: 'GET',
      path: '/api/ai/models/',
      proof: [assistant, 'are shown with their prices'],
    },
  ],
}
