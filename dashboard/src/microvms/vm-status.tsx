import { Status } from '../ui/status.tsx'
import { type Vm, vmLook } from './vm.ts'

export const VmStatus = ({ vm: { status, message } }: { vm: Pick<Vm, 'status' | 'message'> }) => (
  <Status status={status} look={vmLook(status)} why={message} />
)
