/** Snapshots as files: a qcow2, and beside it the manifest that says what it is. */
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { Cloud } from '../../cloud/cloud.ts'
import { type Define, examples } from '../../cloud/noun.ts'
import { settle } from '../../cloud/settle.ts'
import { idOf } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'
import { humanBytes } from '../../units.ts'

const manifestOf = (file: string) => `${file}.json`

export const defineTransfer: Define = (snapshot, run) => {
  snapshot
    .command('export <snapshot> <file>')
    .description('Write a snapshot into a file, with its manifest beside it.')
    .addHelpText(
      'after',
      `
One that broke off goes on where it was when it is asked for again.
${examples('snapshot export before-upgrade web.qcow2')}`,
    )
    .action(run((cloud, name: string, file: string) => exportTo(cloud, name, file)))

  snapshot
    .command('import <file>')
    .description('Make a snapshot of a file that was exported here or elsewhere.')
    .requiredOption('--region <name>', 'where it goes')
    .option('--name <name>', "in place of the manifest's")
    .option('--flavor <name>', 'what machines restored from it are made of')
    .option('--manifest <file>', 'where the manifest is (default: FILE.json)')
    .addHelpText('after', examples('snapshot import web.qcow2 --region LOCAL-1'))
    .action(run((cloud, file: string, options) => importFrom(cloud, file, options)))
}

async function exportTo(cloud: Cloud, name: string, file: string) {
  const { garrison, terminal, json } = cloud
  const id = await idOf(cloud, 'snapshot', name)
  const { export: begun } = await garrison.snapshots.export(id)
  if (begun.status !== 'SUCCESS') {
    using progress = terminal.progress(`Making the file of ${name}`)
    await garrison.waitFor(begun.operation_id, {
      timeoutMs: 0,
      onLook: ({ step }) =>
        progress.update(`Making the file of ${name}${step ? ` · ${step}` : ''}`),
    })
  }
  const { export: made } = await garrison.snapshots.getExport(id)
  const { manifest } = made
  if (manifest === null) throw new Failure(`The export failed: ${made.error ?? made.status}`)

  // Only the same file goes on: the manifest beside it tells by its checksum.
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const same = (await readFile(manifestOf(file), 'utf8').catch(() => '')) === text
  if (!same) await rm(file, { force: true })
  await writeFile(manifestOf(file), text)
  const from = same ? ((await stat(file).catch(() => null))?.size ?? 0) : 0
  const size = manifest.files[0]?.size_bytes ?? 0
  {
    await using output = await open(file, 'a')
    using progress = terminal.progress(`Downloading ${name}`)
    let written = from
    for await (const chunk of garrison.snapshots.download(id, { from })) {
      await output.write(chunk)
      written += chunk.byteLength
      progress.update(`Downloading ${name}`, `${humanBytes(written)} of ${humanBytes(size)}`)
    }
  }
  if (json) terminal.printJson(manifest)
  else terminal.print(`${file} is written (${humanBytes(size)}), and ${manifestOf(file)}.`)
}

type ImportOptions = {
  readonly region: string
  readonly name?: string
  readonly flavor?: string
  readonly manifest?: string
}

async function importFrom(cloud: Cloud, file: string, options: ImportOptions) {
  const { garrison, terminal, json } = cloud
  const { region, name, flavor } = options
  const manifest = await readManifest(options.manifest ?? manifestOf(file))
  const disk = await open(file, 'r').catch(() => {
    throw new Failure(`Cannot read ${file}`)
  })
  await using _ = disk
  const { snapshot } = await garrison.snapshots.import({ manifest, region, name, flavor })
  {
    using progress = terminal.progress(`Sending ${file}`)
    await garrison.snapshots.upload(
      snapshot.id,
      async (from, to) => {
        const piece = new Uint8Array(to - from)
        await disk.read(piece, 0, piece.length, from)
        return piece
      },
      {
        onSent: (bytes, of) =>
          progress.update(`Sending ${file}`, `${humanBytes(bytes)} of ${humanBytes(of)}`),
      },
    )
  }
  await settle(cloud, snapshot.id, 'Verifying it')
  const made = (await garrison.snapshots.get(snapshot.id)).snapshot
  if (json) terminal.printJson(made)
  else terminal.print(`${made.name} is ${made.status} as ${made.id}.`)
}

async function readManifest(file: string) {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    throw new Failure(`Cannot read the manifest ${file}`, {
      advice: ['It is what an export wrote beside the disk; say where it is: --manifest FILE'],
    })
  }
}
