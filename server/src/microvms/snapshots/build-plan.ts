/** What is run inside the build machine, from what was asked for. Plain functions of plain data. */
import type { BuildArguments } from '@garrison/contract/microvms/snapshots'
import type { BuildPlan } from '../../database/schema/microvms.ts'
import { ValidationError } from '../../errors.ts'

const fault = (field: string, words: string) => new ValidationError({ [field]: [words] })

/** Of the shell: nothing in it means anything. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Name of a registry, path, and tag or digest, in what is asked for. */
const reference =
  /^(?:(?<registry>[a-z0-9.-]+(?::\d{1,5})?)\/)?(?<path>[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?<tag>:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?<digest>@sha256:[0-9a-f]{64})?$/

/** As the engine wants it: with registry and tag. `local`: folders of this host are allowed too. */
export function imageReference(asked: string, { local }: { local: boolean }) {
  if (asked.startsWith('oci:')) {
    if (!local) throw fault('oci_image', 'only operators build from folders of the host')
    if (/^oci:\/(?!.*\.\.)[\w./-]+(:[\w.-]+)?$/.test(asked))
      return { reference: asked, registry: null }
    throw fault('oci_image', 'use oci:/absolute/folder:tag')
  }
  const bare = asked.replace(/^docker:\/\//, '')
  const parts = reference.exec(bare)?.groups
  if (parts?.path === undefined) throw fault('oci_image', 'not the name of an image')
  // "python" and "library/python" are Docker's; a registry has a dot, a port, or is this host.
  const named = parts.registry !== undefined && /[.:]|^localhost$/.test(parts.registry)
  const registry = named && parts.registry !== undefined ? parts.registry : 'docker.io'
  const within =
    named || parts.registry === undefined ? parts.path : `${parts.registry}/${parts.path}`
  const path = registry === 'docker.io' && !within.includes('/') ? `library/${within}` : within
  const version = parts.digest ?? parts.tag ?? ':latest'
  return { reference: `docker://${registry}/${path}${version}`, registry }
}

const packageName = /^[A-Za-z0-9@][A-Za-z0-9@._+:~=<>!,[\]/^*-]*$/

function packagesIn(field: string, text: string | null | undefined): string[] {
  const names = (text ?? '').split(/\s+/).filter((name) => name !== '')
  const wrong = names.find((name) => !packageName.test(name))
  if (wrong !== undefined)
    throw fault(`build_args.${field}`, `"${wrong.slice(0, 100)}" is not the name of a package`)
  return names.map(quoted)
}

export function buildPlan(reference: string, args: BuildArguments | null | undefined): BuildPlan {
  const apt = packagesIn('extra_apt_packages', args?.extra_apt_packages)
  const pip = packagesIn('extra_pip_packages', args?.extra_pip_packages)
  const npm = packagesIn('extra_npm_packages', args?.extra_npm_packages)
  const commands: { title: string; shell: string }[] = []
  const add = (title: string, shell: string) => commands.push({ title, shell })
  if (apt.length > 0) {
    const install = 'apt-get install -y --no-install-recommends'
    add(
      'apt packages',
      `export DEBIAN_FRONTEND=noninteractive; apt-get update && ${install} ${apt.join(' ')}`,
    )
  }
  if (pip.length > 0) add('pip packages', `python3 -m pip install --no-cache-dir ${pip.join(' ')}`)
  if (npm.length > 0) add('npm packages', `npm install --global ${npm.join(' ')}`)
  const url = args?.git_clone_url
  if (url != null) {
    if (!/^https?:\/\/[^\s]+$/.test(url))
      throw fault('build_args.git_clone_url', 'use an address that begins with https:// or http://')
    const branch = args?.git_clone_branch
    const only = branch == null ? '' : `--branch ${quoted(branch)} `
    add('git clone', `git clone --depth 1 ${only}-- ${quoted(url)} /app/repo`)
  } else if (args?.git_clone_branch != null) {
    throw fault('build_args.git_clone_branch', 'needs git_clone_url')
  }
  if (args?.post_build_cmd != null) add('post-build command', args.post_build_cmd)
  return { reference, diskGb: args?.disk_size_gb ?? null, commands, env: args?.envs ?? {} }
}
