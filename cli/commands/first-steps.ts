/** Commands to copy: from an SSH key to a machine. */
import type { Config } from '@garrison/server/config'

type Offers = Pick<Config, 'regions' | 'gpu_models'>

export function firstSteps({ regions, gpu_models }: Offers, url: string, apiKey: string): string[] {
  const curl = (path: string, body?: string) =>
    [
      `curl -H "X-API-Key: $KEY" ${url}${path}`,
      // Not --json, which curl has since 7.82; Ubuntu 22.04 brings 7.81.
      ...(body === undefined ? [] : [`-H 'Content-Type: application/json' -d ${body}`]),
    ].join(' ')
  const [region] = regions
  const steps = [
    `KEY=${apiKey}`,
    curl(
      '/api/ssh-keys/',
      `"{\\"name\\": \\"laptop\\", \\"public_key\\": \\"$(cat ~/.ssh/id_ed25519.pub)\\"}"`,
    ),
  ]
  if (region !== undefined) {
    const [flavor] = region.flavors
    const [gpuModel = Object.keys(gpu_models)[0]] = region.gpu_models
    const [os_image] = region.os_images
    const deployment = {
      vm_name: 'web-1',
      region: region.name,
      ...(flavor === undefined ? { gpu_model: gpuModel } : { flavor }),
      os_image,
      ssh_key_ids: ['ID OF THE KEY'],
    }
    steps.push(curl('/api/deploy/', `'${JSON.stringify(deployment)}'`))
  }
  return [...steps, curl('/api/instances/')]
}
