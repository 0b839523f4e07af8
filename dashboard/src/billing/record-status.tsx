import { lookOf, Status } from '../ui/status.tsx'

/** Of a record: one that is completed costs nothing more, so it must not look like one that does. */
export const RecordStatus = ({ status }: { status: string }) => (
  <Status status={status} look={status === 'completed' ? 'stopped' : lookOf(status)} />
)
