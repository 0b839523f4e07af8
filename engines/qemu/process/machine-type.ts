/** The mainboard that new machines get. Machines keep theirs, so that QEMU may be upgraded below them. */
import { EngineError } from '../../engine.ts'
import { run, whichCommand } from '../network/run.ts'
import { QEMU } from './arguments.ts'

const PREFERRED = 'pc-q35-7.2'

/** Throws {@link EngineError} with what to install when QEMU is missing. */
export async function chooseMachineType(): Promise<string> {
  for (const command of [QEMU, 'qemu-img', 'setpriv'])
    if ((await whichCommand(command)) === null)
      throw new EngineError(
        `${command} is not installed; run: apt-get install -y qemu-system-x86 qemu-utils util-linux`,
      )
  return newestMachineType(await run(QEMU, ['-machine', 'help']))
}

/** From the output of `-machine help`: the one that we know, or the newest that this QEMU has. */
export function newestMachineType(help: string): string {
  const types = [...help.matchAll(/^pc-q35-(\d+)\.(\d+)\S*/gm)]
    .filter(([name]) => /^pc-q35-\d+\.\d+$/.test(name))
    .map(([name, major, minor]) => ({ name, version: Number(major) * 1000 + Number(minor) }))
    .sort((a, b) => b.version - a.version)
  const chosen = types.find(({ name }) => name === PREFERRED) ?? types[0]
  if (chosen === undefined)
    throw new EngineError('This QEMU has no q35 machines; install the package qemu-system-x86')
  return chosen.name
}
