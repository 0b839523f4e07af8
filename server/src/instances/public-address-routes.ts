import * as contract from '@garrison/contract/instances/routes'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { PublicAddressService } from './public-addresses.ts'
import { ipStatus } from './view.ts'

const messages = {
  attach: { changes: 'Public IP is being attached', same: 'It has a public IP already' },
  detach: { changes: 'Public IP is being detached', same: 'It has no public IP' },
}

export function publicAddressRoutes(
  app: App,
  { write, publicAddresses }: { write: Write; publicAddresses: PublicAddressService },
) {
  app.openapi(contract.togglePublicIp, (c) =>
    write(c, async (tx, caller) => {
      const { instance, action, changes } = await publicAddresses.toggle(
        tx,
        caller,
        c.req.valid('param').instance_id,
        c.req.valid('json').enable,
      )
      return {
        ...envelope(c, messages[action][changes ? 'changes' : 'same']),
        instance_id: instance.public_id,
        action,
        ip_address: action === 'attach' ? instance.public_address : null,
        ip_status: ipStatus(instance),
      }
    }),
  )
}
