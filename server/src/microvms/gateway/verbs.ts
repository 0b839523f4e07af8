/** What is done with machines by SSH alone: `ssh host create`. By the same services as the API. */
import { parseArgs } from 'node:util'
import { CreateVmRequest } from '@garrison/contract/microvms/vms'
import type { RequestCaller } from '../../caller.ts'
import { type Database, transaction } from '../../database/database.ts'
import { DomainError } from '../../errors.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { MicrovmSnapshotService } from '../snapshots/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import type { Microvm } from '../vms/store.ts'
import type { MicrovmChange } from '../vms/waiting.ts'

export const help = `Machines by SSH. With the id of a VM or session as the user name, a shell or a command in it;
with any other:

  create [SNAPSHOT] [--vcpus N] [--memory MB] [--lifetime SECONDS]
                 starts a VM, of a snapshot or of the base, and prints its id
  ls             lists VMs
  clone VM       copies a running VM with its memory, and prints the id of the copy
  rm VM          ends a VM; what is in it is gone
  help           prints this

Commands in VMs have input and output as by any SSH: tar c FILES | ssh VM tar x. There is no sftp, scp or
forwarding.
`

export type VerbDeps = {
  db: Database
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
  microvmSnapshots: MicrovmSnapshotService
}

const wrong = (words: string) =>
  new DomainError('VALIDATION_ERROR', `${words}; "help" tells what there is`)

export function createVerbs({ db, microvms, microvmSessions, microvmSnapshots }: VerbDeps) {
  async function started(
    caller: RequestCaller,
    id: string,
    operation: string,
    change: MicrovmChange,
  ) {
    const row = await microvms.carriedOut(caller, id, operation, change)
    if (row.status === 'running') return `${row.public_id}\n`
    throw new DomainError('SERVICE_UNAVAILABLE', `VM ${row.public_id} is ${row.status} still`)
  }

  async function create(caller: RequestCaller, args: readonly string[]) {
    const input = wantedIn(args)
    const base = input.snapshot_id == null ? await microvmSnapshots.readyBase() : null
    const begun = await transaction(db, async (tx) => {
      const snapshot =
        base ?? (await microvmSnapshots.requireReady(tx, caller, input.snapshot_id ?? ''))
      return microvmSessions.createVm(tx, caller, input, snapshot)
    })
    return started(caller, begun.publicId, begun.operation, 'started')
  }

  async function clone(caller: RequestCaller, id: string) {
    const begun = await transaction(db, (tx) => microvmSessions.clone(tx, caller, id, null))
    return started(caller, begun.row.public_id, begun.operation, 'cloned')
  }

  async function remove(caller: RequestCaller, publicId: string) {
    const { row, operation } = await transaction(db, async (tx) => {
      const { id } = await microvms.require(tx, caller, publicId)
      return microvms.end(tx, caller, id, 'It was deleted')
    })
    const { status } = await microvms.settled(caller, row.id, operation)
    return status === 'terminated' ? '' : `VM ${publicId} is ${status}\n`
  }

  /** Answers what is to be printed. Throws DomainError. */
  return async function carryOut(caller: RequestCaller, command: string): Promise<string> {
    const [verb = 'help', ...args] = command.trim().split(/\s+/).filter(Boolean)
    const [first, ...more] = args
    switch (verb) {
      case 'help':
        return help
      case 'create':
        return create(caller, args)
      case 'ls':
        if (first !== undefined) throw wrong('ls takes nothing')
        return tableOf(await microvms.list(caller, false))
      case 'clone':
      case 'rm':
        if (first === undefined || more.length > 0) throw wrong(`${verb} takes the id of one VM`)
        return verb === 'clone' ? clone(caller, first) : remove(caller, first)
      default:
        throw wrong(`There is no verb "${verb.slice(0, 40)}"`)
    }
  }
}

function wantedIn(args: readonly string[]): CreateVmRequest {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const { values, positionals } = parsed(args)
  if (positionals.length > 1) throw wrong('create takes one snapshot at most')
  const checked = CreateVmRequest.safeParse({
    snapshot_id: positionals[0],
    vcpu_count: number(values.vcpus),
    memory_mb: number(values.memory),
    vm_lifetime_seconds: number(values.lifetime),
  })
  if (checked.success) return checked.data
  const words = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw wrong(words.join('; '))
}

function parsed(args: readonly string[]) {
  const option = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { vcpus: option, memory: option, lifetime: option },
    })
  } catch (error) {
    throw wrong(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'Unknown option')
  }
}

function tableOf(rows: readonly Microvm[]): string {
  const lines = [
    ['VM', 'STATUS', 'VCPUS', 'MEMORY', 'ENDS'],
    ...rows.map((row) => [
      ...[row.public_id, row.status, String(row.vcpus), `${row.memory_mib} MB`],
      row.ends_at?.toISOString() ?? '-',
    ]),
  ]
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths?.[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}
