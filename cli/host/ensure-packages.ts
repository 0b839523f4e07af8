/** Makes sure of the host's packages: asks, installs, or says what to run. */
import { Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { plural } from '../units.ts'
import { installWithApt } from './apt.ts'
import {
  fullPath,
  type HostPackage,
  hostPackages,
  installLine,
  missingPackages,
} from './packages.ts'

export type Consent = {
  readonly isRoot: boolean
  /** The answer is yes without asking. */
  readonly yes: boolean
}

type Steps = {
  readonly missing: () => HostPackage[]
  readonly install: typeof installWithApt
}

export const stepsFor = (packages: readonly HostPackage[]): Steps => ({
  missing: () => missingPackages(fullPath(), packages),
  install: installWithApt,
})

/** @throws Failure with the line to run when something is missing and may not be installed. */
export async function ensurePackages(
  terminal: Terminal,
  consent: Consent,
  { missing, install }: Steps = stepsFor(hostPackages),
): Promise<void> {
  const packages = missing()
  if (packages.length === 0) return
  const byHand = { advice: [`Run as root:  ${installLine(packages)}`] }
  const summary = `${plural(packages.length, 'package')} of this host ${packages.length === 1 ? 'is' : 'are'} missing`
  const mayInstall = consent.isRoot && (consent.yes || terminal.interactive)
  if (!mayInstall) throw new Failure(summary, byHand)

  terminal.note(`${summary}:`)
  terminal.note(packages.map(({ name, why }) => `  ${name.padEnd(16)} ${why}`).join('\n'))
  if (!consent.yes && !(await terminal.confirm('Install them with apt-get?'))) {
    throw new Failure('Nothing was installed', byHand)
  }
  await install(packages, terminal)
  const still = missing()
  if (still.length > 0) {
    throw new Failure(
      `apt-get installed the packages, yet programs are missing: ${programsOf(still)}`,
      { advice: [`Searched in ${fullPath()}`] },
    )
  }
}

const programsOf = (packages: readonly HostPackage[]) =>
  packages.flatMap(({ programs }) => programs).join(', ')
