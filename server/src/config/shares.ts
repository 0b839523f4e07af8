/** Where ports of microVMs are reached: in `garrison.yaml`, as `microvms.shares`. */
import { z } from 'zod'

export const shares = z
  .strictObject({
    /**
     * Names below it lead to this server, on its port: `*.share.example.org` in DNS. Never a domain that the
     * API or the dashboard is below or beside, whose cookies pages of machines could set.
     */
    domain: z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a name such as share.example.org, in small letters')
      .default('share.localhost'),
  })
  .prefault({})
