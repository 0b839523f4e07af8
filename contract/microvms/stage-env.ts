/** Environment for a VM that runs already. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answer,
  Environment,
  exampleIds,
  json,
  microvmErrors,
  microvmHead,
  microvmId,
  sessionId,
} from './common.ts'

export const stageEnvironment = createRoute({
  ...microvmHead('MicroVMs'),
  operationId: 'stageEnvironment',
  method: 'post',
  path: '/v1/vms/{vm_id}/stage-env',
  summary: 'Set environment of later executions',
  description:
    'For Python and bash of this VM, until their state is lost, as by a time limit. Other than `env` of a new VM, it is a part of snapshots that are taken from then on: give secrets there.',
  request: {
    params: z.object({ vm_id: microvmId }),
    body: json(
      z
        .strictObject({
          env: Environment.refine((env) => Object.keys(env).length > 0, 'name at least one'),
        })
        .openapi('StageEnvironmentRequest'),
      { env: { STAGE: 'test' } },
    ),
  },
  responses: {
    ...answer(
      z
        .object({
          vm_id: microvmId,
          session_id: sessionId,
          /** Names; what they are is never shown again. */
          staged: z.array(z.string()),
          /** Those that the image has. */
          languages: z.array(z.enum(['python', 'bash'])),
        })
        .openapi('StagedEnvironment'),
      'Successful Response',
      {
        ...{ vm_id: exampleIds.vm_id, session_id: exampleIds.session_id },
        ...{ staged: ['STAGE'], languages: ['python', 'bash'] },
      },
    ),
    ...microvmErrors(400, 403, 404, 409),
  },
})
