import * as contract from '@garrison/contract/instances/routes'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { PublicAddressService } from './public-addresses.ts'
import { ipStatus } from './view.ts'

const messages = {
  attach: 'Public IP is being attached',
  detach: 'Public IP is being detached',
}

export function publicAddressRoutes(
  app: App,
  { write, publicAddresses }: { write: Write; publicAddresses: PublicAddressService },
) {
  app.openapi(contract.togglePublicIp, (c) =>
    write(c, async (tx, caller) => {
      const { instance, action } = await publicAddresses.toggle(
        tx,
        caller,
        c.req.valid('param').instance_id,
        c.req.valid('json').enable,
      )
      return {
        ...envelope(c, messages[action]),
        instance_id: instance.public_id,
        action,
        ip_address: action === 'attach' ? instance.public_address : null,
        ip_status: ipStatus(instance),
      }
    }),
  )
}
