/** A registry on this host, and small images to put into it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../network/run.ts'

export type ImageRegistry = AsyncDisposable & {
  /** `127.0.0.1:port`. */
  readonly name: string
  /** Also a folder with images as layouts: `oci:${folder}/layout:tag`. */
  readonly folder: string
  /** Makes an image of these files, by path and content, with busybox unless it is said. Answers its reference. */
  add(tag: string, options?: ImageOptions): Promise<string>
}

export type ImageOptions = {
  readonly architecture?: string
  readonly env?: string
  readonly hasShell?: boolean
  /** Archives that become layers as they are, above the first one. */
  readonly layers?: readonly string[]
}

const APPLETS = ['sh', 'cat', 'echo', 'false', 'id', 'ls', 'sleep', 'stat', 'sync', 'test']

export async function startImageRegistry(): Promise<ImageRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'garrison-registry-'))
  const port = await freePort()
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: `127.0.0.1:${port}` },
  }
  const file = join(folder, 'config.json')
  await writeFile(file, JSON.stringify(config))
  const registry = spawn('docker-registry', ['serve', file], { stdio: 'ignore' })
  const ended = once(registry, 'close')
  const name = `127.0.0.1:${port}`
  await answers(`http://${name}/v2/`)
  const layout = join(folder, 'layout')
  await run('umoci', ['init', '--layout', layout])
  return {
    name,
    folder,
    async add(tag, options = {}) {
      await makeImage(folder, `${layout}:${tag}`, tag, options)
      const target = `docker://${name}/images/${tag}:1`
      await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout}:${tag}`, target])
      return target
    },
    async [Symbol.asyncDispose]() {
      registry.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function makeImage(folder: string, image: string, tag: string, options: ImageOptions) {
  const { architecture = 'amd64', env = 'COLOUR=blue', hasShell = true, layers = [] } = options
  await run('umoci', ['new', '--image', image])
  const bin = join(folder, tag)
  await mkdir(bin)
  await run('install', ['-m', '4755', '/bin/busybox', bin])
  if (hasShell) for (const applet of APPLETS) await symlink('busybox', join(bin, applet))
  await run('umoci', ['insert', '--image', image, bin, '/bin'])
  for (const layer of layers) await run('umoci', ['raw', 'add-layer', '--image', image, layer])
  const settings = ['--architecture', architecture, '--os', 'linux', '--config.env', env]
  await run('umoci', ['config', '--image', image, ...settings])
}

/** Hands on to another one, but for what is larger than `most`: of that one byte comes, and no more. */
export function stallingAt(name: string, most: number): Promise<HttpServer> {
  return serve(async ({ url = '', headers }, response) => {
    const answer = await ask(`http://${name}${url}`, headers, response)
    if (answer.length <= most) response.end(answer)
    else response.write(answer.subarray(0, 1))
  })
}

/** Hands on to another one what comes with these credentials. */
export function withPassword(name: string, credentials: string): Promise<HttpServer> {
  const expected = `Basic ${Buffer.from(credentials).toString('base64')}`
  return serve(async ({ url = '', headers }, response) => {
    if (headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="images"' }).end()
      return
    }
    response.end(await ask(`http://${name}${url}`, headers, response))
  })
}

/** Also sets the status and headers of the answer. */
async function ask(
  url: string,
  { accept = '' }: IncomingHttpHeaders,
  response: ServerResponse,
): Promise<Buffer> {
  const answer = await fetch(url, { headers: { accept } })
  for (const header of ['content-type', 'content-length', 'docker-content-digest']) {
    const value = answer.headers.get(header)
    if (value !== null) response.setHeader(header, value)
  }
  response.statusCode = answer.status
  return Buffer.from(await answer.arrayBuffer())
}

export type HttpServer = AsyncDisposable & { readonly name: string }

/** On a free port. */
export async function serve(listener: RequestListener): Promise<HttpServer> {
  const server: Server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} does not answer`)
}
