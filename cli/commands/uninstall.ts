/** `garrison uninstall`: as if it had never been here. */
import { openAdmin } from '../admin.ts'
import { Failure } from '../failure.ts'
import type { Context, ExitCode } from './context.ts'

export async function uninstall(
  { terminal, json, yes, data }: Context,
  { config }: { readonly config?: string },
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const { dataDir } = admin
  if (!yes && !terminal.interactive) {
    throw new Failure(`Nobody is here to ask whether ${dataDir} may be removed`, {
      advice: ['Say so yourself: ./garrison uninstall --yes'],
    })
  }
  const question = `Remove ${dataDir} with all accounts and keys?`
  if (!yes && !(await terminal.confirm(question))) throw new Failure('Nothing was removed')
  await admin.uninstall()
  if (json) terminal.printJson({ removed: dataDir })
  else terminal.print(`${dataDir} is removed, and so are its networks.`)
  return 0
}
