import { expect, it } from 'vitest'
import { deployCall } from './call.ts'

const filled = {
  ...{ vm_name: 'my web', region: 'LOCAL-1', flavor: 'cpu-small', boot_source: 'os_image' },
  ...{ os_image: 'Ubuntu Server 22.04', ssh_key_ids: ['BRK-100001K', 'BRK-100002K'] },
} as const

it('says the same by command as by call', () => {
  const call = deployCall({ ...filled, ssh_key_ids: [...filled.ssh_key_ids], public_ip: true })
  expect(call.body).toMatchObject({ ...filled, public_ip: true })
  expect(call.command).toBe(
    "garrison instance create 'my web' --region LOCAL-1 --flavor cpu-small " +
      "--os 'Ubuntu Server 22.04' --ssh-key BRK-100001K,BRK-100002K --public-ip",
  )
})

it('names what is not filled in yet, and no password', () => {
  const password = 'correct horse'
  const call = deployCall({
    ...{ vm_name: '', region: 'LOCAL-1', flavor: 'cpu-small', ssh_key_ids: [] },
    jupyter: { enabled: true, password },
  })
  expect(call.body).toMatchObject({ vm_name: 'web-1', ssh_key_ids: ['SSH_KEY_ID'] })
  expect(JSON.stringify(call)).not.toContain(password)
})
