/** From rows and results to what the API answers. */
import type * as contract from '@garrison/contract/microvms/execution'
import type { ExecuteResult } from '@garrison/engines/engine'
import type { Machine } from '../sessions/service.ts'
import type { Execution } from './store.ts'

const text = (bytes: Buffer | null) => bytes?.toString('utf8') ?? null

export const executionResult = (
  { sessionId, publicId }: Machine,
  result: ExecuteResult,
  isSimulated: boolean,
): contract.ExecutionResult => ({
  ...{ session_id: sessionId, vm_id: publicId },
  ...{ stdout: result.stdout, stderr: result.stderr },
  ...{ exit_code: result.exitCode, success: result.exitCode === 0 },
  ...{ execution_time: result.seconds, cpu_time: result.cpuSeconds },
  ...{ timed_out: result.timedOut, truncated: result.truncated },
  ...(isSimulated && { simulated: true as const }),
})

const keptForKey = 32 * 1024

/** What is kept of it for a key, since each key of a day may have one. */
export function shortened(result: contract.ExecutionResult): contract.ExecutionResult {
  const stdout = cut(result.stdout)
  const stderr = cut(result.stderr)
  const isWhole = stdout === result.stdout && stderr === result.stderr
  return isWhole ? result : { ...result, stdout, stderr, truncated: true }
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= keptForKey) return text
  // What is left of a character is no character.
  return bytes
    .subarray(0, keptForKey)
    .toString('utf8')
    .replace(/\uFFFD$/, '')
}

export const executionAnswer = (row: Execution): contract.Execution => ({
  ...{ task_id: row.public_id, session_id: row.session_id, vm_id: row.vm_public_id },
  ...{ status: row.status, is_complete: row.status !== 'running', language: row.language },
  ...{ serialized_stdout: text(row.stdout), serialized_stderr: text(row.stderr) },
  ...{ exit_code: row.exit_code, execution_time: row.seconds, cpu_time: row.cpu_seconds },
  ...{ timed_out: row.timed_out, truncated: row.truncated, error: row.error },
  created_at: row.created_at.toISOString(),
  completed_at: row.finished_at?.toISOString() ?? null,
})
