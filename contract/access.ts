/**
 * Whether a route only reads. That goes by its method, except where the route says otherwise with
 * `'x-access'`: a POST that only asks, a GET that opens a line into a machine.
 */
import type { Access } from './accounts/roles.ts'

/** What a route says where its method does not tell. */
export const onlyReads = { 'x-access': 'read' } as const
export const writes = { 'x-access': 'write' } as const

type Route = { readonly method: string; readonly 'x-access'?: unknown }

export function isWrite({ method, 'x-access': said }: Route): boolean {
  if (said !== undefined) return said === 'write'
  return !['get', 'head', 'options'].includes(method.toLowerCase())
}

export const mayWrite = (access: Access) => access === 'full'
