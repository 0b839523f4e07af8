/** Where room is short: what else would do, and how long the deployment may wait. */
import { z } from '@hono/zod-openapi'
import { integer, text } from '../common.ts'

/** A deployment waits no longer than this. */
export const longestWaitDays = 7
/** An account has no more than this waiting at a time. */
export const waitingPerAccount = 20
const mostAlternatives = 10

/** What is deployed in place of the shape, or the place, that was asked for. */
const DeployAlternative = z
  .object({
    /** The region of the deployment when left out. */
    region: text(50).optional().openapi({ example: 'NORWAY-1' }),
    /** Either this or `gpu_model`. */
    flavor: text(100).optional(),
    gpu_model: text(100).optional(),
    /** With `gpu_model`; 1 when left out. */
    gpu_count: integer(1, 64).optional(),
  })
  .superRefine(({ flavor, gpu_model, gpu_count }, context) => {
    const wrong = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message })
    if ((flavor === undefined) === (gpu_model === undefined)) {
      wrong('flavor', 'Give either flavor or gpu_model.')
    }
    if (gpu_count !== undefined && gpu_model === undefined) {
      wrong('gpu_count', 'Goes with gpu_model only.')
    }
  })
  .openapi('DeployAlternative')
export type DeployAlternative = z.infer<typeof DeployAlternative>

export const choiceOptions = {
  /** Tried in this order when there is no room for what is asked for first. */
  alternatives: z.array(DeployAlternative).min(1).max(mostAlternatives).optional(),
  /**
   * When there is room for none of them, wait for it until then, at most 7 days. The answer is a deploy
   * request, which keeps the name.
   */
  wait_until: z.iso
    .datetime({ offset: true })
    .optional()
    .openapi({ example: '2026-01-11T09:00:00Z' }),
}
