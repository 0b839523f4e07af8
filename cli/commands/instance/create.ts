/** `garrison instance create`: what is left out is what a person would say. */
import { readFile } from 'node:fs/promises'
import type { Cloud } from '../../cloud/cloud.ts'
import { collect, type Define, examples, wholeNumber, withWait } from '../../cloud/noun.ts'
import { settle } from '../../cloud/settle.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'
import { parseFutureDate } from '../../options.ts'

type CreateOptions = {
  readonly region?: string
  readonly flavor?: string
  readonly gpu?: { readonly model: string; readonly count: number }
  readonly os?: string
  readonly image?: string
  readonly bootVolume?: string
  readonly sshKey?: readonly string[]
  readonly firewall?: readonly string[]
  readonly volume?: readonly string[]
  readonly script?: string
  readonly cloudInit?: string
  readonly allow?: readonly number[]
  readonly publicIp?: boolean
  readonly waitUntil?: Date
  readonly wait: boolean
}

export const defineCreate: Define = (instance, run) => {
  withWait(instance.command('create <name>'))
    .description('Deploy an instance.')
    .option('--region <name>', 'where (default: the only one, or the first that is active)')
    .option('--flavor <name>', 'its shape (default: the first of the region)')
    .option('--gpu <model[:count]>', 'a GPU shape instead, such as RTX-A6000:2', parseGpu)
    .option('--os <name>', 'OS image (default: the first of the region)')
    .option('--image <image>', 'begin as a custom image instead')
    .option('--boot-volume <volume>', 'boot from a volume instead')
    .option(
      '--ssh-key <keys>',
      'let these in, several with commas (default: all of yours)',
      collect,
    )
    .option('--firewall <firewalls>', 'attach these, several with commas', collect)
    .option('--volume <volumes>', 'attach these, several with commas', collect)
    .option('--allow <port>', 'let TCP in to this port from everywhere; repeatable', collectPorts)
    .option('--script <script>', 'run this startup script on the first boot')
    .option('--cloud-init <file>', 'or this script or cloud-init text')
    .option('--public-ip', 'with a public address')
    .option('--no-public-ip', 'without one')
    .option(
      '--wait-until <date>',
      'where there is no room, wait for it until then',
      parseFutureDate,
    )
    .addHelpText(
      'after',
      examples(
        'instance create web-1',
        'instance create web-1 --flavor cpu-small --os garrison-small --allow 22 --allow 80',
        'instance create trainer --gpu RTX-A6000:2 --ssh-key laptop --no-wait',
      ),
    )
    .action(run((cloud, name: string, options) => create(cloud, name, options as CreateOptions)))
}

async function create(cloud: Cloud, name: string, options: CreateOptions) {
  const { garrison, terminal, json } = cloud
  const region = options.region ?? (await firstRegion(cloud))
  const answer = await garrison.instances.deploy({
    vm_name: name,
    region,
    ...(await shapeOf(cloud, region, options)),
    ...(await sourceOf(cloud, region, options)),
    ssh_key_ids: await keysOf(cloud, options.sshKey),
    ...(options.firewall && { firewall_ids: await idsOf(cloud, 'firewall', options.firewall) }),
    ...(options.volume && { volume_ids: await idsOf(cloud, 'volume', options.volume) }),
    ...(options.allow && { security_rules: options.allow.map(fromEverywhere) }),
    ...(options.script && { startup_script_id: await idOf(cloud, 'script', options.script) }),
    ...(options.cloudInit && { cloud_init: await readFile(options.cloudInit, 'utf8') }),
    ...(options.publicIp !== undefined && { public_ip: options.publicIp }),
    ...(options.waitUntil && { wait_until: options.waitUntil.toISOString() }),
  })
  const { data, deploy_request } = answer
  if (data === null) {
    if (json) return terminal.printJson(deploy_request)
    terminal.print(`There is no room; ${name} waits for it as ${deploy_request?.id}.`)
    return terminal.print('See how it goes: ./garrison deploy-request list')
  }
  const id = data.instance_id
  if (!options.wait) {
    if (json) return terminal.printJson(data)
    return terminal.print(`${name} is ${data.status} as ${id}.`)
  }
  await settle(cloud, id, `Deploying ${name}`)
  const { instance } = await garrison.instances.get(id)
  if (json) return terminal.printJson(instance)
  terminal.print(`${name} runs as ${id}${instance.ip_address ? ` at ${instance.ip_address}` : ''}.`)
  if (instance.ssh_command !== null) {
    terminal.print(`Log in once it has booted: ./garrison instance ssh ${name}`)
  }
}

async function firstRegion({ garrison }: Cloud): Promise<string> {
  const { regions } = await garrison.regions.list()
  const region = regions.find(({ is_active }) => is_active)
  if (region !== undefined) return region.name
  throw new Failure('This Garrison has no active region', {
    advice: ['See: ./garrison region list'],
  })
}

async function shapeOf({ garrison }: Cloud, region: string, { flavor, gpu }: CreateOptions) {
  if (gpu !== undefined) return { gpu_model: gpu.model, gpu_count: gpu.count }
  if (flavor !== undefined) return { flavor }
  const { flavors } = await garrison.flavors.list({ region })
  const [first] = [...flavors.filter(({ available }) => available), ...flavors]
  if (first !== undefined) return { flavor: first.name }
  throw new Failure(`${region} has no flavors; name a GPU: --gpu MODEL`, {
    advice: ['See what there is: ./garrison stock'],
    exitCode: 2,
  })
}

async function sourceOf(cloud: Cloud, region: string, { os, image, bootVolume }: CreateOptions) {
  const named = [os, image, bootVolume].filter((each) => each !== undefined)
  if (named.length > 1) {
    throw new Failure('Give only one of --os, --image and --boot-volume', { exitCode: 2 })
  }
  if (image !== undefined) {
    return {
      boot_source: 'custom_image' as const,
      image_id: await idOf(cloud, 'image', image),
    }
  }
  if (bootVolume !== undefined) {
    return { boot_source: 'volume' as const, volume_id: await idOf(cloud, 'volume', bootVolume) }
  }
  return { os_image: os ?? (await firstOsImage(cloud, region)) }
}

async function firstOsImage({ garrison }: Cloud, region: string): Promise<string> {
  const { images } = await garrison.osImages.list({ region })
  const [first] = images
  if (first !== undefined) return first.id
  throw new Failure(`${region} has no OS images; give --image or --boot-volume`, { exitCode: 2 })
}

/** As many as a deployment takes. */
const mostKeys = 10

async function keysOf(cloud: Cloud, wanted: readonly string[] | undefined): Promise<string[]> {
  if (wanted !== undefined) return idsOf(cloud, 'ssh-key', wanted)
  const { ssh_keys } = await cloud.garrison.sshKeys.list({ page_size: mostKeys })
  if (ssh_keys.length > 0) return ssh_keys.map(({ id }) => id)
  throw new Failure('You have no SSH key yet, and nobody could log in', {
    advice: ['Add yours: ./garrison ssh-key add laptop ~/.ssh/id_ed25519.pub'],
  })
}

const fromEverywhere = (port: number) => ({
  direction: 'ingress' as const,
  ethertype: 'IPv4' as const,
  protocol: 'tcp' as const,
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: port,
  port_range_max: port,
})

function parseGpu(text: string) {
  const [model = '', count = '1'] = text.split(':')
  return { model, count: wholeNumber(count) }
}

const collectPorts = (text: string, before: readonly number[] = []) => [
  ...before,
  wholeNumber(text),
]
