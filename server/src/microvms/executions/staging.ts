/** Environment that is given to a machine while it runs: its interpreters keep what they were told last. */
import type { stageEnvironment } from '@garrison/contract/microvms/stage-env'
import { GuestError, type Language } from '@garrison/engines/engine'
import type { z } from '@hono/zod-openapi'
import { recordAudit } from '../../accounts/audit.ts'
import type { Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import type { Hosting } from '../hosting.ts'
import type { MicrovmService } from '../vms/service.ts'

type Staged = z.infer<
  (typeof stageEnvironment.responses)[200]['content']['application/json']['schema']
>

/** In which something is run that does nothing. */
const idle = { python: 'pass', bash: ':' } as const satisfies Record<Language, string>
const timeoutMs = 10_000

export function createStaging(deps: {
  db: Database
  clock: Clock
  hosting: Hosting
  microvms: MicrovmService
}) {
  const { db, clock, hosting, microvms } = deps

  return {
    /** Throws GuestError when the image has no language at all. `begins`: nothing has been given before that. */
    async stage(
      caller: Caller,
      vmId: string,
      env: Record<string, string>,
      begins: () => void,
    ): Promise<Staged> {
      const row = await microvms.require(db, caller, vmId)
      microvms.requireState(row, 'execute')
      // Ahead of it: some languages may have it when another fails.
      const staged = Object.keys(env)
      const subject = { subjectKind: 'microvm', subjectId: row.public_id, detail: { staged } }
      await recordAudit(db, caller, { action: 'microvm.stage-env', ...subject }, clock.now())
      begins()
      const engine = hosting.engine(row.region)
      const languages: Language[] = []
      let missing: unknown
      for (const language of ['python', 'bash'] as const) {
        try {
          await engine.execute(row.id, { language, code: idle[language], timeoutMs, env })
          languages.push(language)
        } catch (error) {
          if (!(error instanceof GuestError) || error.reason !== 'no-language') throw error
          missing = error
        }
      }
      if (languages.length === 0) throw missing
      return { vm_id: row.public_id, session_id: row.session_id, staged, languages }
    },
  }
}

export type Staging = ReturnType<typeof createStaging>
