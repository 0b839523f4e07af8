/** How mail leaves this host. */
import { z } from 'zod'

const smtpServer = z.strictObject({
  host: z.string().min(1),
  /** 465 speaks TLS from the beginning; others begin it when the server offers it. */
  port: z.int().min(1).max(65_535).default(587),
  user: z.string().optional(),
  password: z.string().optional(),
})

export const mail = z
  .strictObject({
    /** `smtps://user:password@host:465`, or its parts; `null`: mails become files in the data folder. */
    smtp: z
      .union([z.url({ protocol: /^smtps?$/ }), smtpServer])
      .nullable()
      .default(null),
    from: z.string().min(3).max(320).default('Garrison <garrison@localhost>'),
  })
  .prefault({})
