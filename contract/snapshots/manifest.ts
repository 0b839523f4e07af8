/** What stands beside the file of an exported snapshot, and all that an import needs to know of it. */
import { z } from '@hono/zod-openapi'
import { Description, integer, ResourceName, Timestamp, text } from '../common.ts'

/** Of the file inside an export, and the last part of the path that it is read from and sent to. */
export const diskFileName = 'disk.qcow2'

/** 2^53, which every JSON reader can tell from its neighbours; far above any disk. */
const mostBytes = Number.MAX_SAFE_INTEGER

const File = z.object({
  name: z.literal(diskFileName),
  /** `simulated`: from a region where nothing is real; only such a region takes it. */
  format: z.enum(['qcow2', 'simulated']),
  size_bytes: integer(1, mostBytes),
  /** In hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'Use 64 hexadecimal digits in lower case.'),
  /** Of the disk that is in it; unlike the file's, it does not shrink by compression. */
  virtual_size_bytes: integer(512, mostBytes),
})

export const SnapshotManifest = z
  .object({
    format: z.literal('garrison-snapshot'),
    version: z.literal(1, 'Only version 1 is known here; use a newer Garrison.'),
    name: ResourceName,
    description: Description.nullable(),
    /** When the snapshot was taken. */
    created_at: Timestamp,
    /** Name of the machine that it was taken of, as it was. */
    vm_name: text(50),
    consistency: z.enum(['filesystem', 'crash']),
    /** The disk has no kernel: the installation must have this one. */
    os_image: z.object({
      name: text(50).nullable(),
      recipe: z.string().regex(/^[a-z0-9-]{1,64}$/, 'Use letters, digits and hyphens.'),
    }),
    login_user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'Use the name of a user, such as root.'),
    /** What the machine was made of. */
    shape: z.object({
      flavor: text(50),
      vcpus: integer(1, 65_536),
      memory_mib: integer(1, 1_073_741_824),
      /** GB (10^9 bytes). */
      disk_gb: integer(1, 1_000_000),
      gpu_model: text(50).nullable(),
      gpu_count: integer(0, 1024),
    }),
    files: z.array(File).length(1),
  })
  .openapi('SnapshotManifest')
export type SnapshotManifest = z.infer<typeof SnapshotManifest>

export const manifestExample = {
  format: 'garrison-snapshot',
  version: 1,
  name: 'before-upgrade',
  description: 'Before the upgrade',
  created_at: '2026-01-10T09:30:00Z',
  vm_name: 'web-1',
  consistency: 'filesystem',
  os_image: { name: 'garrison-small', recipe: '3f2a9c01b7d4' },
  login_user: 'root',
  shape: {
    flavor: 'cpu-small',
    vcpus: 1,
    memory_mib: 1024,
    disk_gb: 10,
    gpu_model: null,
    gpu_count: 0,
  },
  files: [
    {
      name: diskFileName,
      format: 'qcow2',
      size_bytes: 402_653_184,
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      virtual_size_bytes: 10_000_000_000,
    },
  ],
} as const satisfies z.input<typeof SnapshotManifest>
