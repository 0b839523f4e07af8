/** The way into microVMs by SSH: in `garrison.yaml`, as `microvms.ssh`. */
import { z } from 'zod'

export const ssh = z
  .strictObject({
    /** `null`: there is none. */
    port: z.int().min(1).max(65_535).nullable().default(null),
    /** Where it listens; `null`: where the API does. */
    host: z.string().min(1).nullable().default(null),
    /** At once, of one account. */
    connections_per_account: z.int().min(1).default(50),
    /** A connection on which nothing was typed or shown for so long is ended. */
    idle_seconds: z.int().min(10).max(86_400).default(3_600),
  })
  .prefault({})
