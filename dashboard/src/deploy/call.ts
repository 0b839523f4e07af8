import type { Body } from '../api/client.ts'
import { type ApiCallOf, shellWord } from '../ui/api-call.tsx'

export type Deployment = Body<'post', '/api/deploy/'>

/** The deployment as it is filled in, as a call; by command as far as that goes. A password stays out of it. */
export function deployCall(filled: Deployment): ApiCallOf {
  const body = {
    ...filled,
    vm_name: filled.vm_name || 'web-1',
    ssh_key_ids: filled.ssh_key_ids?.length ? filled.ssh_key_ids : ['SSH_KEY_ID'],
    ...(filled.jupyter && { jupyter: { ...filled.jupyter, password: '********' } }),
  }
  const options = [
    ['region', body.region],
    ['flavor', body.flavor],
    ['os', body.os_image],
    ['image', body.image_id],
    ['boot-volume', body.volume_id],
    ['ssh-key', body.ssh_key_ids.join(',')],
    ['wait-until', body.wait_until],
  ] as const
  const words = options.flatMap(([name, value]) => (value ? [`--${name} ${shellWord(value)}`] : []))
  if (body.public_ip) words.push('--public-ip')
  return {
    ...{ method: 'POST', path: '/api/deploy/', body },
    command: `garrison instance create ${shellWord(body.vm_name)} ${words.join(' ')}`,
  }
}
