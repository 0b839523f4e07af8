/**
 * The life of an operation: one change to one thing, carried out in steps.
 *
 *   pending → running → done
 *                │
 *                └───► undoing → failed, or cancelled when somebody asked for that
 */
export const operationStates = [
  'pending',
  'running',
  'undoing',
  'done',
  'failed',
  'cancelled',
] as const
export type OperationState = (typeof operationStates)[number]

/** Not over yet. */
export const openOperationStates = [
  'pending',
  'running',
  'undoing',
] as const satisfies OperationState[]
