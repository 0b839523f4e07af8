/**
 * Routes that clients of this dialect know and that are not there: 501, with a sentence. Whoever serves one
 * takes its line away.
 */
const vaults = 'Vaults are not there yet: pass secrets in env when a VM or session is made'
const browser = 'Browser sessions are not there yet: run a browser in a VM of your own'
const computers = 'Computer use is not there yet'
const domains = 'Custom domains are not there yet'
const tape = 'Time travel is not there: take snapshots, and start VMs of them'
const volumes = 'MicroVMs cannot mount volumes yet: use files of volumes, or snapshots of VMs'

/** `*` stands for one part of a path, `**` for any number of them. */
export const notServedRoutes: readonly (readonly [path: string, why: string])[] = [
  ['/v1/vaults', vaults],
  ['/v1/vaults/**', vaults],
  ['/v1/browser/**', browser],
  ['/v1/computeruse/**', computers],
  ['/v1/custom-domains', domains],
  ['/v1/custom-domains/**', domains],
  ['/v1/vms/*/tape/start', tape],
  ['/v1/sessions/*/tape/start', tape],
  ['/v1/vms/*/volumes', volumes],
  ['/v1/vms/*/volumes/*', volumes],
]
