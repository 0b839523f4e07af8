/** What a machine does on its first boot, in the two forms that cloud-init knows. */
import { z } from '@hono/zod-openapi'

/** A script, or cloud-init's YAML, of at most so many UTF-8 bytes. */
export function UserData(maximumBytes: number) {
  return (
    z
      .string()
      .refine(
        (value) => new TextEncoder().encode(value).length <= maximumBytes,
        `Ensure this field has no more than ${maximumBytes} bytes.`,
      )
      .regex(/^(#cloud-config(\s|$)|#!)/, 'Must start with #cloud-config or #!.')
      // PostgreSQL cannot store it.
      .refine((value) => !value.includes('\0'), 'Null characters are not allowed.')
      .openapi({ maxLength: maximumBytes, example: '#!/bin/sh\necho hello > /root/hello\n' })
  )
}
