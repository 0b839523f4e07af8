/**
 * How an operation of the document is called here: a namespace from its path, a method from its id without
 * the noun that the namespace says already. New operations are named by these rules; where a rule sounds
 * wrong, the name stands in a table.
 */

/** Beginning of the path below `/api/` → namespace, where it is not simply its first part in camel case. */
const namespaces: Readonly<Record<string, string>> = {
  'custom-images': 'images',
  'snapshot-policies': 'policies',
  deploy: 'instances',
  'gpu-stocks': 'stock',
  'gpu-specs': 'stock',
  balance: 'credits',
  ai: 'assistant',
  'account/api-keys': 'apiKeys',
  'account/people': 'people',
  healthz: 'health',
  readyz: 'health',
}

/** Operation → `namespace.method`, where the rules find no good one. */
export const exceptions: Readonly<Record<string, string>> = {
  getGpuStocks: 'stock.list',
  getGpuStockHistory: 'stock.history',
  getGpuSpecs: 'stock.specs',
  getPricing: 'pricing.get',
  queryPricing: 'pricing.query',
  getBalance: 'credits.balance',
  getCreditHistory: 'credits.history',
  getInstanceBilling: 'billing.instances',
  getSnapshotBilling: 'billing.snapshots',
  getVolumeBilling: 'billing.volumes',
  getMicrovmBilling: 'billing.microvms',
  listSnapshotImages: 'images.ofSnapshots',
  getSnapshotImages: 'images.ofSnapshot',
  deleteScripts: 'scripts.deleteMany',
  updateScript: 'scripts.replace',
  patchScript: 'scripts.change',
  getHealth: 'health.live',
  getReadiness: 'health.ready',
  getProtocols: 'firewalls.protocols',
  importSnapshot: 'snapshots.import',
  createSnapshotExport: 'snapshots.export',
  listVolumeTypes: 'volumes.types',
  getConsoleLog: 'instances.consoleLog',
  getStartupLog: 'instances.startupLog',
  getMetrics: 'instances.metrics',
  createChatCompletion: 'assistant.chat',
}

export type MethodName = { readonly namespace: string; readonly method: string }

export function nameOf(operationId: string, path: string): MethodName {
  const [namespace = '', method = ''] = exceptions[operationId]?.split('.') ?? []
  if (method !== '') return { namespace, method }
  const [first = '', second = ''] = path
    .replace(/^\/api\//, '/')
    .split('/')
    .filter(Boolean)
  const ours = namespaces[`${first}/${second}`] ?? namespaces[first] ?? camelCase(first)
  return { namespace: ours, method: withoutNoun(operationId, [camelCase(first), ours]) }
}

const camelCase = (text: string) =>
  text.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** `listSshKeys` of `sshKeys` is `list`; `addFirewallRule` of `firewalls` is `addRule`. */
function withoutNoun(operationId: string, nouns: readonly string[]): string {
  for (const noun of nouns) {
    const plural = noun.charAt(0).toUpperCase() + noun.slice(1)
    for (const form of [plural, singular(plural)]) {
      const at = operationId.indexOf(form)
      const rest = operationId.slice(at + form.length)
      if (at > 0 && !/^[a-z]/.test(rest)) return operationId.slice(0, at) + rest
    }
  }
  return operationId
}

const singular = (noun: string) =>
  noun === 'People' ? 'Person' : noun.replace(/ies$/, 'y').replace(/s$/, '')
