/** Where microVMs are reached by SSH. */
import { createRoute, z } from '@hono/zod-openapi'
import { answer, microvmErrors, microvmHead } from './common.ts'

/** What an operator sets to have one. */
export const sshGatewaySetting = 'microvms.ssh.port'

export const SshGateway = z
  .object({
    /** Null where this installation has none. */
    gateway: z
      .object({
        /** Where clients reach it: its own address, or else the host that this request was sent to. */
        host: z.string(),
        port: z.int(),
        /** `SHA256:…`, as `ssh` shows it when it asks whether to go on. */
        host_key_fingerprint: z.string(),
      })
      .nullable(),
  })
  .openapi('SshGateway')
export type SshGateway = z.infer<typeof SshGateway>

export const getSshGateway = createRoute({
  ...microvmHead('MicroVMs'),
  operationId: 'getSshGateway',
  method: 'get',
  path: '/v1/ssh-gateway',
  summary: 'Where VMs are reached by SSH',
  description: `With the keys of the account, and the id of a VM or of its session as the user: \`ssh -p PORT VM_ID@HOST\`. Null unless the operator has set \`${sshGatewaySetting}\`.`,
  responses: {
    ...answer(SshGateway, 'Successful Response', {
      gateway: {
        ...{ host: 'cloud.example.org', port: 2222 },
        host_key_fingerprint: 'SHA256:Wd3rYVQbPpZ2B1mVxvXyC8m1wKpMzq0a1nHhYl2uJ9E',
      },
    }),
    ...microvmErrors(),
  },
})
