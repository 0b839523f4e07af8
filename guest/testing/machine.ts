/** Boots an image under QEMU, emulated, with user networking: no rights are needed. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { BootImage } from '../image-store.ts'
import { JsonLines, type Message } from './json-lines.ts'

const execute = promisify(execFile)

export type Identity = {
  readonly instanceId: string
  readonly hostname: string
  /** OpenSSH lines. */
  readonly keys: readonly string[]
  readonly userData?: string
}

export type MachineOptions = {
  /** For sockets and logs; its path must be short. Made when it is missing. */
  readonly folder: string
  readonly image: BootImage
  /** A qcow2, written to. */
  readonly disk: string
  /** `null`: none by fw_cfg. */
  readonly identity: Identity | null
  readonly extraArguments?: readonly string[]
}

/** A thin copy of an image or of a disk that nobody writes to any more. */
export async function overlay(backing: string, path: string, size = '3G'): Promise<string> {
  await execute('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'qcow2',
    '-b',
    backing,
    path,
    size,
  ])
  return path
}

export function metaData({ instanceId, hostname, keys }: Identity): string {
  const lines = [`instance-id: ${instanceId}`, `local-hostname: ${hostname}`, 'public-keys:']
  return [...lines, ...keys.map((key) => `  - ${key}`), ''].join('\n')
}

export class Machine implements AsyncDisposable {
  readonly sshPort: number
  /** Of {@link performance.now}, when QEMU was started. */
  readonly startedAt = performance.now()
  readonly #process: ChildProcessByStdio<null, Readable, null>
  readonly #options: MachineOptions
  readonly #exit: Promise<number | null>
  #console = ''
  #agent: JsonLines | null = null

  private constructor(options: MachineOptions, args: readonly string[], sshPort: number) {
    this.#options = options
    this.sshPort = sshPort
    this.#process = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#exit = once(this.#process, 'exit').then(([code]) => code)
    this.#process.stdout.on('data', (text: Buffer) => {
      this.#console += text
    })
  }

  static async start(options: MachineOptions): Promise<Machine> {
    await mkdir(options.folder, { recursive: true })
    for (const name of ['agent', 'qmp']) {
      await rm(join(options.folder, `${name}.sock`), { force: true })
    }
    const sshPort = await freePort()
    return new Machine(options, await qemuArguments(options, sshPort), sshPort)
  }

  /** Waits until the serial console has shown it. */
  async showed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#console)) {
      await Promise.race([once(this.#process.stdout, 'data'), this.#ended()])
    }
  }

  /** The guest's agent, once it answers. It starts after the SSH server. */
  async agent(): Promise<JsonLines> {
    this.#agent ??= await this.#connect('agent')
    await Promise.race([this.#agent.ask('guest-sync', { id: 1 }), this.#ended()])
    return this.#agent
  }

  /** Runs a command as root; answers what it printed, without the last line break. */
  async ssh(key: string, command: string): Promise<string> {
    const port = ['-p', String(this.sshPort)]
    const { stdout } = await execute('ssh', [
      ...sshOptions(key),
      ...port,
      'root@127.0.0.1',
      command,
    ])
    return stdout.trimEnd()
  }

  scpTo(key: string, file: string, path: string, options: string[] = []): Promise<void> {
    return this.#scp(key, file, `root@127.0.0.1:${path}`, options)
  }

  scpFrom(key: string, path: string, file: string): Promise<void> {
    return this.#scp(key, `root@127.0.0.1:${path}`, file)
  }

  /** SHA256 fingerprint of the key that the SSH server shows. */
  async hostKey(): Promise<string> {
    const { stdout } = await execute('ssh-keyscan', [
      ...['-t', 'ed25519', '-T', '30', '-p', String(this.sshPort), '127.0.0.1'],
    ])
    return stdout.split(' ').slice(1).join(' ').trim()
  }

  /** Waits until the guest has switched itself off. Answers QEMU's exit code and the time taken in ms. */
  async exit(): Promise<{ code: number | null; ms: number }> {
    const asked = performance.now()
    const code = await this.#exit
    return { code, ms: performance.now() - asked }
  }

  pressPowerButton(): Promise<void> {
    return this.#order('system_powerdown')
  }

  /** The cable of its network, pulled or plugged in. */
  setLink(up: boolean): Promise<void> {
    return this.#order('set_link', { name: 'net0', up })
  }

  /** Cuts the power, where it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.close()
    this.#process.kill('SIGKILL')
    await this.#exit
  }

  async #scp(key: string, from: string, to: string, options: string[] = []): Promise<void> {
    const port = ['-P', String(this.sshPort)]
    await execute('scp', [...options, ...sshOptions(key), ...port, from, to])
  }

  async #order(command: string, args?: Message): Promise<void> {
    const qmp = await this.#connect('qmp')
    await qmp.next()
    await qmp.ask('qmp_capabilities')
    await qmp.ask(command, args)
    qmp.close()
  }

  async #connect(name: string): Promise<JsonLines> {
    const path = join(this.#options.folder, `${name}.sock`)
    for (;;) {
      // QEMU makes a socket a moment before it listens to it.
      const lines = existsSync(path) ? await JsonLines.connect(path).catch(() => null) : null
      if (lines !== null) return lines
      await Promise.race([setTimeout(5), this.#ended()])
    }
  }

  /** Rejects when QEMU ends. */
  async #ended(): Promise<never> {
    await this.#exit
    throw new Error(`QEMU ended. The console showed:\n${this.#console}`)
  }
}

async function qemuArguments(options: MachineOptions, sshPort: number): Promise<string[]> {
  const { folder, image, disk, identity, extraArguments = [] } = options
  const socket = (name: string) =>
    `socket,id=${name},path=${join(folder, `${name}.sock`)},server=on,wait=off`
  const rootPort = (n: number) => `pcie-root-port,id=rp${n},bus=pcie.0,chassis=${n},slot=${n}`
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '1', '-m', '256'],
    ...['-M', 'q35,usb=off,vmport=off,sata=off,smbus=off'],
    ...['-chardev', socket('qmp'), '-mon', 'chardev=qmp,mode=control'],
    ...['-serial', 'stdio'],
    ...['-blockdev', blockNode(disk), '-device', 'virtio-blk-pci,drive=root'],
    ...['-netdev', `user,id=net0,hostfwd=tcp:127.0.0.1:${sshPort}-:22`],
    ...['-device', 'virtio-net-pci,netdev=net0,romfile='],
    ...['-device', 'virtio-rng-pci'],
    ...['-device', 'virtio-balloon-pci,free-page-reporting=on'],
    ...['-device', 'virtio-serial-pci', '-chardev', socket('agent')],
    ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
    ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => ['-device', rootPort(n)]),
    ...(identity === null ? [] : await firmwareFiles(folder, identity)),
    ...['-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', `console=ttyS0 root=/dev/vda ${image.append}`],
    ...extraArguments,
  ]
}

function blockNode(disk: string): string {
  const file = { driver: 'file', filename: disk, discard: 'unmap' }
  return JSON.stringify({ driver: 'qcow2', 'node-name': 'root', discard: 'unmap', file })
}

async function firmwareFiles(folder: string, identity: Identity): Promise<string[]> {
  const files = [['meta-data', metaData(identity)]]
  if (identity.userData !== undefined) files.push(['user-data', identity.userData])
  const args: string[] = []
  for (const [name = '', content = ''] of files) {
    await writeFile(join(folder, name), content)
    args.push('-fw_cfg', `name=opt/garrison/${name},file=${join(folder, name)}`)
  }
  return args
}

function sshOptions(key: string): string[] {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
  return ['-i', key, ...['IdentitiesOnly=yes', ...options].flatMap((option) => ['-o', option])]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port')
  return address.port
}
