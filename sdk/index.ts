/**
 * `@garrison/sdk`: the API of a Garrison in TypeScript, for Node 24 and browsers.
 *
 *   const garrison = new Garrison({ url: 'https://cloud.example.org', key: 'brk_…' })
 *   for await (const instance of garrison.instances.list({ status: 'ACTIVE' })) …
 */
export { Garrison, type GarrisonOptions } from './client.ts'
export * from './errors.ts'
export { readEvents, type ServerSentEvent } from './server-sent-events.ts'
export type { CallOptions, Page, Query } from './types.ts'
export type { WaitOptions } from './waiting.ts'
