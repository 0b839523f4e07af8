/** Making a new instance. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  choice,
  errors,
  exampleHead,
  idempotencyHeaders,
  integer,
  jsonBody,
  ok,
  publicId,
  ResourceName,
  security,
  Tier,
  TieredEnvelope,
  Timestamp,
  text,
} from '../common.ts'
import { DeployRequest } from '../deploy-requests/schemas.ts'
import { choiceOptions } from './choices.ts'
import { Data } from './schemas.ts'
import { rulesPerOwner, SecurityRuleRequest } from './security-rules.ts'
import { UserData } from './user-data.ts'

const maximumUserDataBytes = 16_384

const SshKeyIds = z
  .array(publicId('K'))
  .min(1)
  .max(10)
  .refine((ids) => new Set(ids).size === ids.length, 'Name each key only once.')

const Jupyter = z
  .object({ enabled: z.boolean(), password: z.string().min(8).max(128).optional() })
  .refine(({ enabled, password }) => !enabled || password !== undefined, {
    error: 'A password is required to enable Jupyter.',
    path: ['password'],
  })

/** A region that lacks one of these says so (`TIER_NOT_SUPPORTED`); none is silently ignored. */
const regionalOptions = {
  /** Bootable and available, in the same region; with the boot source `volume`. */
  volume_id: publicId('V').optional(),
  /** Data volumes, attached once the machine runs. */
  volume_ids: z.array(publicId('V')).max(20).optional(),
  /** In force before the machine first runs. */
  security_rules: z.array(SecurityRuleRequest).max(rulesPerOwner).optional(),
  /** Of the same region; attached before the machine first runs. */
  firewall_ids: z
    .array(publicId('F'))
    .max(25)
    .refine((ids) => new Set(ids).size === ids.length, 'Name each firewall only once.')
    .optional(),
  /**
   * A Jupyter server at `jupyter_url`, behind this password. Only on OS images whose `has_jupyter` is
   * true: none that Garrison brings is.
   */
  jupyter: Jupyter.optional(),
  /**
   * Runs once, on the first boot. Copied now, also where it waits for room: what becomes of the script later
   * does not matter. Either
   * this or `cloud_init`: of two, nobody could say whose log and exit code is shown.
   */
  startup_script_id: publicId('C').optional(),
  os_volume_size_gb: integer(100, 1_048_576).optional(),
}

/** What names the source, for each boot source. */
const sourceField = {
  os_image: 'os_image',
  volume: 'volume_id',
  custom_image: 'image_id',
} as const

export const DeploymentRequest = z
  .object({
    vm_name: ResourceName,
    region: text(50).openapi({ example: 'LOCAL-1' }),
    /** Follows from the region; when given, it must match. */
    tier: Tier.optional(),
    /** A machine of this shape. Either this or `gpu_model`. */
    flavor: text(100).optional(),
    gpu_model: text(100).optional(),
    /** With `gpu_model`; 1 when left out. */
    gpu_count: integer(1, 64).optional(),
    boot_source: choice(['os_image', 'volume', 'custom_image'])
      .optional()
      .openapi({ default: 'os_image' }),
    /** With the boot source `os_image`. */
    os_image: text(200).optional(),
    /** With the boot source `custom_image`. */
    image_id: text(64).optional(),
    ssh_key_ids: SshKeyIds,
    /**
     * Left out: yes where the region has address pools, so that it leads beyond the host, and where every
     * instance has one. A region without pools gives addresses that only its own host and machines reach,
     * to those that ask.
     */
    public_ip: z.boolean().optional(),
    /**
     * Runs once, on the first boot: a script, or cloud-init's own YAML. An OS image without cloud-init
     * does what it can of the YAML (`hostname`, `ssh_authorized_keys`, `write_files`, `runcmd`), and
     * anything else is refused by name.
     */
    cloud_init: UserData(maximumUserDataBytes).optional(),
    ...regionalOptions,
    ...choiceOptions,
  })
  .superRefine(
    (request, context) => {
      const wrong = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: [field], message })
      const { flavor, gpu_model, gpu_count, boot_source = 'os_image' } = request
      if (flavor === undefined && gpu_model === undefined) {
        wrong('flavor', 'Give either flavor or gpu_model.')
      }
      if (flavor !== undefined && gpu_model !== undefined) {
        wrong('flavor', 'Give either flavor or gpu_model, not both.')
      }
      if (gpu_count !== undefined && gpu_model === undefined) {
        wrong('gpu_count', 'Goes with gpu_model only.')
      }
      const source = sourceField[boot_source]
      if (source !== undefined && request[source] === undefined) {
        wrong(source, 'This field is required.')
      }
      for (const [other, field] of Object.entries(sourceField)) {
        if (source !== undefined && field !== source && request[field] !== undefined) {
          wrong(field, `Goes with the boot source ${other} only; this one is ${boot_source}.`)
        }
      }
    },
    // Also when single fields are wrong, so that everything is reported at once. Then `boot_source`
    // can be anything, and has been complained of.
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  )
  .openapi('DeploymentRequest')
export type DeploymentRequest = z.infer<typeof DeploymentRequest>

export const DeploymentResponse = TieredEnvelope.extend({
  timestamp: Timestamp,
  /** Null when there was no room, and `wait_until` lets it wait. */
  data: Data.nullable(),
  /** What waits then; left out otherwise. */
  deploy_request: DeployRequest.optional(),
}).openapi('DeploymentResponse')

export const deployInstance = createRoute({
  operationId: 'deployInstance',
  method: 'post',
  path: '/api/deploy/',
  summary: 'Deploy an instance',
  description:
    'Takes either `flavor` or `gpu_model` with `gpu_count`. Answers at once; the machine runs when its status is ACTIVE. Where room is short, `alternatives` are tried in their order, and `wait_until` lets it wait: oldest first, and after ten minutes room is kept, so that nobody passes by any more.',
  tags: ['Instances'],
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(DeploymentRequest, {
      vm_name: 'web-1',
      region: 'LOCAL-1',
      flavor: 'cpu-small',
      boot_source: 'os_image',
      os_image: 'garrison-small',
      ssh_key_ids: ['BRK-100001K'],
    }),
  },
  responses: {
    ...ok(DeploymentResponse, 'The instance, on its way', {
      ...exampleHead,
      message: 'Instance deployment started',
      timestamp: '2026-01-10T09:00:00Z',
      data: {
        instance_id: 'BRK-100200D',
        vm_name: 'web-1',
        ip_address: null,
        ip_status: 'pending',
        billing: { hourly_rate: 0.01, currency: 'USD' },
        specs: { gpu_type: 'CPU', gpu_count: 0, ram_gb: 1, vcpus: 1, storage_gb: 10 },
        status: 'CREATING',
        boot_source: 'os_image',
        created_at: '2026-01-10T09:00:00Z',
      },
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})
