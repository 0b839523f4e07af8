/** `garrison vm`: machines that begin in milliseconds and end by themselves. */

import { readFileSync } from 'node:fs'
import { vmName } from '@garrison/contract/microvms/facts'
import { InvalidArgumentError } from 'commander'
import type { Cloud } from '../../cloud/cloud.ts'
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption, wholeNumber } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { Failure } from '../../failure.ts'
import { humanAge, humanDuration } from '../../units.ts'
import { microvms, snapshotOf, type Vm, vmOf } from './api.ts'
import { defineCopy } from './copy.ts'
import { defineEgress, namesPolicy, type PolicyOptions, policyOf, withPolicy } from './egress.ts'
import {
  defineEnvironment,
  type EnvironmentOptions,
  environmentOf,
  withEnvironment,
} from './environment.ts'
import { defineShares, toldShare } from './shares.ts'
import { defineSnapshots } from './snapshots.ts'
import { defineSsh } from './ssh.ts'
import { defineVolumes } from './volumes.ts'

export const define: Define = (vm, run) => {
  vm.command('list')
    .description('List your microVMs.')
    .option('--all', 'those that ended within the last day too')
    .option(...limitOption)
    .addHelpText('after', examples('vm list', 'vm list --all'))
    .action(
      run(async (cloud, { all = false, limit }) =>
        showList(cloud, await microvms(cloud).list(all), {
          limit,
          none: 'No microVMs. Start one: ./garrison vm create',
          columns: [
            ['NAME', vmName],
            ['ID', ({ vm_id }) => vm_id],
            ['STATUS', ({ status }) => status],
            ['SNAPSHOT', ({ snapshot_id }) => snapshot_id],
            ['VCPUS', ({ vcpu_count }) => vcpu_count, 'right'],
            ['MEMORY', ({ memory_mb }) => `${memory_mb} MB`, 'right'],
            ['LEFT', timeLeft],
            ['STARTED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  vm.command('show <vm>')
    .description('Show all that is known of a microVM.')
    .addHelpText('after', examples('vm show tests'))
    .action(run(async (cloud, name: string) => showThing(cloud, await vmOf(cloud, name))))
  const create = vm
    .command('create')
    .description('Start a microVM; without a snapshot, of the base with Python and Node.')
    .option('--name <name>', 'by which the other commands know it', someName)
    .option('--snapshot <snapshot>', 'what it begins as')
    .option('--lifetime <time>', 'after which it ends by itself, such as 90s, 15m, 8h, 7d', seconds)
    .option('--vcpus <number>', 'in place of the snapshot’s', wholeNumber)
    .option('--memory <mb>', 'in place of the snapshot’s', wholeNumber)
    .option('--keep <name>', 'take a snapshot of that name when it ends')
    .option('--share <port>', 'share this port, for whoever has a key of your account', wholeNumber)
    .option('--public-share <port>', 'share this port, for everybody', wholeNumber)
  withPolicy(withEnvironment(create))
    .addHelpText(
      'after',
      `
What it may reach is what the operator has set, unless you name anything: then that and nothing else, from the
first packet on.
${examples(
  'vm create --name tests --lifetime 1h',
  'vm create --name agent --package-managers --domain api.example.com --env-file .env',
  'vm create --name site --public-share 8080',
)}`,
    )
    .action(
      run(async (cloud, options: CreateOptions) => {
        const { name, snapshot, keep } = options
        const origin = snapshot === undefined ? undefined : await snapshotOf(cloud, snapshot)
        using _ = cloud.terminal.progress(`Starting ${name ?? 'a microVM'}`)
        const made = await microvms(cloud).create({
          snapshot_id: origin?.id,
          vm_lifetime_seconds: options.lifetime,
          vcpu_count: options.vcpus,
          memory_mb: options.memory,
          env: environmentOf(options),
          egress_policy: namesPolicy(options) ? policyOf(options) : undefined,
          share: shareIn(options),
          ...(name === undefined ? {} : { metadata: { name } }),
          ...(keep === undefined ? {} : { snapshot_on_terminate: true, snapshot_name: keep }),
        })
        told(cloud, made)
        if (made.share !== null && !cloud.json) toldShare(cloud, made.share)
      }),
    )
  vm.command('exec <vm> [words...]')
    .description('Run a command in a microVM; it keeps its state between calls.')
    .option('--python', 'the words are Python, not a command of bash')
    .option('--file <path>', 'run what is in this file')
    .option('--timeout <seconds>', 'after which it is killed, at most 600', wholeNumber, 60)
    .addHelpText(
      'after',
      examples('vm exec tests -- uname -a', "vm exec tests --python 'print(6 * 7)'"),
    )
    .action(
      run(async (cloud, name: string, words: string[], { python, file, timeout }) => {
        const command = file === undefined ? words.join(' ') : readSource(file)
        if (command.trim() === '') throw new Failure('Say what is to be run', { exitCode: 2 })
        const { session_id } = await vmOf(cloud, name)
        const language = python ? 'python' : 'bash'
        const done = await microvms(cloud).execute({ session_id, command, language, timeout })
        if (cloud.json) cloud.terminal.printJson(done)
        else {
          if (done.stdout !== '') cloud.terminal.printPart(done.stdout)
          if (done.stderr !== '') cloud.terminal.note(done.stderr.replace(/\n$/, ''))
          if (done.timed_out) cloud.terminal.warn(`It was killed after ${timeout} s`)
        }
        return done.exit_code
      }),
    )
  vm.command('shell <vm>')
    .description('A terminal in a microVM, as root; Ctrl-] leaves it, and it goes on.')
    .option('--run <command>', 'in place of a login shell')
    .addHelpText('after', examples('vm shell tests', 'vm shell tests --run top'))
    .action(
      run(async (cloud, name: string, options) => {
        const { openShell } = await import('./shell.ts')
        const { vm_id } = await vmOf(cloud, name)
        return openShell(cloud, vm_id, options.run)
      }),
    )
  vm.command('clone <vm>')
    .description('Start a copy that goes on from this moment, with memory and disk.')
    .option('--keep <name>', 'keep the snapshot between the two under this name')
    .addHelpText('after', examples('vm clone tests'))
    .action(
      run(async (cloud, name: string, { keep }) => {
        const { vm_id } = await vmOf(cloud, name)
        using _ = cloud.terminal.progress(`Copying ${name}`)
        const api = microvms(cloud)
        told(cloud, await api.get((await api.clone(vm_id, keep)).vm_id))
      }),
    )
  for (const verb of ['suspend', 'resume'] as const) {
    vm.command(`${verb} <vm>`)
      .description(
        verb === 'suspend' ? 'Put its memory to disk: it costs nothing.' : 'Let it go on.',
      )
      .addHelpText('after', examples(`vm ${verb} tests`))
      .action(
        run(async (cloud, name: string) => {
          const { vm_id } = await vmOf(cloud, name)
          using _ = cloud.terminal.progress(verb === 'suspend' ? 'Suspending' : 'Resuming')
          told(cloud, await microvms(cloud).to(vm_id, verb))
        }),
      )
  }
  vm.command('extend')
    .description('Let it live for so long from now.')
    .argument('<vm>')
    .argument('<time>', 'such as 90s, 15m, 8h, 7d', seconds)
    .addHelpText('after', examples('vm extend tests 8h'))
    .action(
      run(async (cloud, name: string, vm_lifetime_seconds: number) => {
        const { vm_id } = await vmOf(cloud, name)
        told(cloud, await microvms(cloud).change(vm_id, { vm_lifetime_seconds }))
      }),
    )
  vm.command('rename')
    .description('Give it another name, or one at all.')
    .argument('<vm>')
    .argument('<name>', 'by which the other commands know it', someName)
    .addHelpText('after', examples('vm rename vm_3m3bk8z2ghfymgyp tests'))
    .action(
      run(async (cloud, of: string, name: string) => {
        const { vm_id, metadata } = await vmOf(cloud, of)
        // What else is said of it stays.
        told(cloud, await microvms(cloud).change(vm_id, { metadata: { ...metadata, name } }))
      }),
    )
  vm.command('rm <vms...>')
    .description('End microVMs, with everything in them.')
    .addHelpText('after', examples('vm rm tests'))
    .action(
      run(async (cloud, names: string[]) => {
        const found = await Promise.all(names.map((name) => vmOf(cloud, name)))
        await confirmLoss(cloud, `End ${names.join(', ')} with everything in it?`)
        for (const each of found) {
          const ended = await microvms(cloud).end(each.vm_id)
          if (cloud.json) cloud.terminal.printJson(ended)
          else cloud.terminal.print(`${vmName(each)} has ended.`)
        }
      }),
    )
  defineCopy(vm, run)
  defineEnvironment(vm, run)
  defineSsh(vm, run)
  defineEgress(vm, run)
  defineShares(vm, run)
  defineSnapshots(vm, run)
  defineVolumes(vm, run)
}

type CreateOptions = PolicyOptions &
  EnvironmentOptions & {
    readonly name?: string
    readonly snapshot?: string
    readonly lifetime?: number
    readonly vcpus?: number
    readonly memory?: number
    readonly keep?: string
    readonly share?: number
    readonly publicShare?: number
  }

function shareIn({ share, publicShare }: CreateOptions) {
  if (share !== undefined && publicShare !== undefined) {
    throw new Failure('One port is shared with a new microVM: for your account, or for everybody', {
      advice: ['Share the other one when it runs: ./garrison vm share create VM PORT'],
      exitCode: 2,
    })
  }
  const port = share ?? publicShare
  return port === undefined ? undefined : { port, is_public: publicShare !== undefined }
}

function told(cloud: Cloud, made: Vm) {
  if (cloud.json) return cloud.terminal.printJson(made)
  const left = made.ends_at === null ? '' : `, for another ${timeLeft(made)}`
  cloud.terminal.print(`${vmName(made)} is ${made.status} as ${made.vm_id}${left}.`)
}

function timeLeft({ ends_at, terminated_at }: Vm): string | null {
  if (ends_at === null || terminated_at !== null) return null
  return humanDuration(Math.max(0, new Date(ends_at).getTime() - Date.now()))
}

function someName(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Give a name, or leave it out: it is known by its id then.')
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** `90`, `90s`, `15m`, `8h`, `7d` as seconds. */
function seconds(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,7})([smhd])?$/.exec(text) ?? []
  if (count === undefined) {
    throw new InvalidArgumentError('Give a time such as 90s, 15m, 8h or 7d.')
  }
  return Number(count) * (units[unit] ?? 1)
}

function readSource(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Failure(`Cannot read ${file}: ${(cause as Error).message}`, { exitCode: 2 })
  }
}
