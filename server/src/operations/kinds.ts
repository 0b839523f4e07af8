/** Every kind of operation there is, by the name that its rows carry. */
import { applyEgress } from './apply-egress.ts'
import { applyFirewall } from './apply-firewall.ts'
import { attachVolumes, detachVolumes } from './attach-volumes.ts'
import { buildMicrovmSnapshot } from './build-microvm-snapshot.ts'
import { cloneMicrovm } from './clone-microvm.ts'
import { createImage } from './create-image.ts'
import { createSnapshot } from './create-snapshot.ts'
import { cloneVolume, createVolume } from './create-volume.ts'
import type { AnyOperationKind } from './definition.ts'
import { deleteExport } from './delete-export.ts'
import { deleteImage } from './delete-image.ts'
import { deleteInstance } from './delete-instance.ts'
import { deleteMicrovm } from './delete-microvm.ts'
import { deleteMicrovmSnapshot } from './delete-microvm-snapshot.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { deleteVolume } from './delete-volume.ts'
import { deployInstance } from './deploy-instance.ts'
import { exportSnapshot } from './export-snapshot.ts'
import { hibernateInstance } from './hibernate-instance.ts'
import { importSnapshot } from './import-snapshot.ts'
import { rebootInstance } from './reboot-instance.ts'
import { resizeVolume } from './resize-volume.ts'
import { restoreInstance } from './restore-instance.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { rollbackInstance } from './rollback-instance.ts'
import { snapshotMicrovm } from './snapshot-microvm.ts'
import { recoverInstance, startInstance } from './start-instance.ts'
import { startMicrovm } from './start-microvm.ts'
import { stopInstance } from './stop-instance.ts'
import { resumeMicrovm, suspendMicrovm } from './suspend-microvm.ts'
import { togglePublicIp } from './toggle-public-ip.ts'

const all: readonly AnyOperationKind[] = [
  deployInstance,
  restoreSnapshot,
  startInstance,
  recoverInstance,
  stopInstance,
  rebootInstance,
  hibernateInstance,
  restoreInstance,
  rollbackInstance,
  deleteInstance,
  applyFirewall,
  togglePublicIp,
  createSnapshot,
  deleteSnapshot,
  exportSnapshot,
  deleteExport,
  importSnapshot,
  createImage,
  deleteImage,
  createVolume,
  cloneVolume,
  resizeVolume,
  deleteVolume,
  attachVolumes,
  detachVolumes,
  startMicrovm,
  applyEgress,
  cloneMicrovm,
  snapshotMicrovm,
  suspendMicrovm,
  resumeMicrovm,
  deleteMicrovm,
  buildMicrovmSnapshot,
  deleteMicrovmSnapshot,
]

export const operationKinds: ReadonlyMap<string, AnyOperationKind> = new Map(
  all.map((kind) => [kind.kind, kind]),
)
