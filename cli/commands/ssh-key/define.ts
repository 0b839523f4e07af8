/** `garrison ssh-key`: who is let into new machines. */
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { confirmLoss } from '../../cloud/confirm.ts'
import { type Define, examples, limitOption } from '../../cloud/noun.ts'
import { showList, showThing } from '../../cloud/show.ts'
import { idOf, idsOf } from '../../cloud/things.ts'
import { Failure } from '../../failure.ts'
import { humanAge } from '../../units.ts'

const usualFiles = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub']

export const define: Define = (key, run) => {
  key
    .command('list')
    .description('List your SSH keys.')
    .option('--search <text>', 'only those with this in their name')
    .option(...limitOption)
    .addHelpText('after', examples('ssh-key list'))
    .action(
      run((cloud, { limit, ...filters }) =>
        showList(cloud, cloud.garrison.sshKeys.list(filters), {
          limit,
          none: 'No SSH keys. Add yours: ./garrison ssh-key add NAME ~/.ssh/id_ed25519.pub',
          columns: [
            ['NAME', ({ name }) => name],
            ['ID', ({ id }) => id],
            ['TYPE', ({ key_type }) => key_type],
            ['FINGERPRINT', ({ fingerprint }) => fingerprint],
            ['CREATED', ({ created_at }) => humanAge(created_at)],
          ],
        }),
      ),
    )
  key
    .command('show <ssh-key>')
    .description('Show all that is known of an SSH key.')
    .addHelpText('after', examples('ssh-key show laptop'))
    .action(
      run(async (cloud, name: string) => {
        const id = await idOf(cloud, 'ssh-key', name)
        showThing(cloud, (await cloud.garrison.sshKeys.get(id)).ssh_key)
      }),
    )
  key
    .command('add <name> [file]')
    .description('Add a public key (default: ~/.ssh/id_ed25519.pub, or another of yours).')
    .addHelpText('after', examples('ssh-key add laptop', 'ssh-key add ci deploy.pub'))
    .action(
      run(async (cloud, name: string, file: string | undefined) => {
        const public_key = await readPublicKey(file)
        const { ssh_key } = await cloud.garrison.sshKeys.create({ name, public_key })
        if (cloud.json) cloud.terminal.printJson(ssh_key)
        else cloud.terminal.print(`${name} is added as ${ssh_key.id} (${ssh_key.fingerprint}).`)
      }),
    )
  key
    .command('create <name>')
    .description('Make a pair: the private key is written into a file, and nowhere else.')
    .option('--out <file>', 'where (default: NAME.pem)')
    .addHelpText('after', examples('ssh-key create ci', 'ssh-key create ci --out ~/.ssh/ci.pem'))
    .action(
      run(async (cloud, name: string, { out = `${name}.pem` }) => {
        // Before there is a key that nobody could keep.
        await writeFile(out, '', { mode: 0o600, flag: 'wx' }).catch((error: Error) => {
          throw new Failure(`Cannot write ${out}: ${error.message}`, {
            advice: ['Name another file: --out FILE'],
          })
        })
        const { ssh_key, private_key } = await cloud.garrison.sshKeys.create({ name })
        await writeFile(out, private_key ?? '')
        if (cloud.json) return cloud.terminal.printJson({ ...ssh_key, private_key_file: out })
        cloud.terminal.print(`${name} is made as ${ssh_key.id}; its private key is in ${out}.`)
      }),
    )
  key
    .command('delete <ssh-keys...>')
    .description('Delete SSH keys that no instance has.')
    .addHelpText('after', examples('ssh-key delete laptop'))
    .action(
      run(async (cloud, names: string[]) => {
        const ids = await idsOf(cloud, 'ssh-key', names)
        await confirmLoss(cloud, `Delete ${names.join(', ')}?`)
        for (const [index, id] of ids.entries()) {
          const answer = await cloud.garrison.sshKeys.delete(id)
          if (cloud.json) cloud.terminal.printJson(answer)
          else cloud.terminal.print(`${names[index]} is deleted.`)
        }
      }),
    )
}

async function readPublicKey(file: string | undefined): Promise<string> {
  const files =
    file === undefined ? usualFiles.map((each) => join(homedir(), '.ssh', each)) : [file]
  for (const each of files) {
    const text = await readFile(each, 'utf8').catch(() => null)
    if (text === null) continue
    if (/PRIVATE KEY/.test(text)) {
      throw new Failure(`${each} is a private key: keep it, and give the public one`, {
        advice: [`It is usually beside it: ${each}.pub`],
        exitCode: 2,
      })
    }
    return text.trim()
  }
  throw new Failure(`Cannot read ${files.join(' or ')}`, {
    advice: [
      'Make a key: ssh-keygen -t ed25519',
      'Or let the cloud make one: ./garrison ssh-key create NAME',
    ],
  })
}
