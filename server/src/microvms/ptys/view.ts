/** From terminals to what the API answers. */
import type * as contract from '@garrison/contract/microvms/ptys'
import type { PtySession } from './service.ts'

export function ptyAnswer(pty: PtySession): contract.PtySession {
  const { id, machine, shell, terminal, createdAt, outcome } = pty
  return {
    pty_id: id,
    ...{ vm_id: machine.publicId, session_id: machine.sessionId },
    ...{ cols: terminal.size.columns, rows: terminal.size.rows, shell },
    ...{ status: outcome?.status ?? 'running', exit_code: outcome?.exitCode ?? null },
    viewers: terminal.viewers,
    created_at: createdAt.toISOString(),
    exited_at: outcome?.at.toISOString() ?? null,
  }
}
