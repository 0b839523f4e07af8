/**
 * Files on their way to the server, which go on whatever page is shown. A file is sent in pieces; the server
 * says how much of it is there, so whatever breaks, even this page, the next piece begins where it ended.
 */
import { useSyncExternalStore } from 'react'
import { type Answer, get } from '../api/client.ts'
import { ApiError, errorOf, wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'

type Import = Answer<'get', '/api/snapshots/{snapshot_id}/import/'>['import']

export type Upload = {
  readonly received: number
  readonly size: number
  /** Bytes a second, over the last pieces; null until it is known. */
  readonly speed: number | null
  /** Somebody has stopped it. */
  readonly paused: boolean
  /** What has stopped it. */
  readonly problem: string | null
}

/** Small enough that a break costs little, large enough that asking for each costs little. */
const pieceBytes = 8 * 1024 ** 2
const mostTries = 5

let uploads: ReadonlyMap<string, Upload> = new Map()
const aborts = new Map<string, AbortController>()
const watchers = new Set<() => void>()

function put(id: string, upload: Upload | null) {
  const next = new Map(uploads)
  if (upload === null) next.delete(id)
  else next.set(id, upload)
  uploads = next
  for (const tell of watchers) tell()
}

export const useUpload = (id: string): Upload | null =>
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    () => uploads.get(id) ?? null,
  )

const warn = (event: BeforeUnloadEvent) => event.preventDefault()

/** Why this file cannot be the one that is waited for; null when it may be. */
export const whyNotFile = (file: { size: number }, sizeBytes: number): string | null =>
  file.size === sizeBytes
    ? null
    : `This file has ${file.size.toLocaleString('en')} bytes, and the one of the manifest ${sizeBytes.toLocaleString('en')}. Choose the disk that was exported with it.`

/** What is sent next: the first and the last byte; null when all is there. */
export function pieceAfter(received: number, size: number, most = pieceBytes) {
  return received >= size ? null : { first: received, last: Math.min(received + most, size) - 1 }
}

/** At once; what has arrived stays there. */
export function stopUpload(id: string) {
  aborts.get(id)?.abort()
}

/** Begins, or goes on with, what the server does not have yet. */
export async function startUpload(snapshotId: string, file: File, uploadPath: string) {
  if (aborts.has(snapshotId)) return
  const abort = new AbortController()
  aborts.set(snapshotId, abort)
  addEventListener('beforeunload', warn)
  const { signal } = abort
  let received = 0
  let speed: number | null = null
  try {
    received = await receivedOf(snapshotId)
    let tries = 0
    for (let piece = pieceAfter(received, file.size); piece !== null; ) {
      put(snapshotId, { received, size: file.size, speed, paused: false, problem: null })
      const began = performance.now()
      try {
        const answer = await send(uploadPath, file, piece, signal)
        const seconds = (performance.now() - began) / 1000
        const now = (answer.received_bytes - received) / Math.max(seconds, 0.001)
        speed = speed === null ? now : speed * 0.7 + now * 0.3
        received = answer.received_bytes
        tries = 0
      } catch (error) {
        tries += 1
        if (signal.aborted || !mayGoBetter(error) || tries >= mostTries) throw error
        await new Promise((go) => setTimeout(go, 500 * 2 ** tries))
        received = await receivedOf(snapshotId)
      }
      piece = pieceAfter(received, file.size)
    }
    put(snapshotId, null)
  } catch (error) {
    const paused = signal.aborted
    const problem = paused ? null : wordsOf(error)
    put(snapshotId, { received, size: file.size, speed: null, paused, problem })
  } finally {
    aborts.delete(snapshotId)
    if (aborts.size === 0) removeEventListener('beforeunload', warn)
    await stale('/api/snapshots/')
  }
}

const receivedOf = async (snapshot_id: string) =>
  (await get('/api/snapshots/{snapshot_id}/import/', { params: { snapshot_id } })).import
    .received_bytes

/**
 * Lost lines, a server that restarts, and another sender, whose bytes count as well; not a region without room
 * for the file.
 */
export const mayGoBetter = (error: unknown) =>
  !(error instanceof ApiError) ||
  (([0, 408, 409, 416, 429].includes(error.status) || error.status > 499) &&
    error.code !== 'INSUFFICIENT_CAPACITY')

async function send(
  path: string,
  file: File,
  { first, last }: { first: number; last: number },
  signal: AbortSignal,
): Promise<Import> {
  const response = await fetch(path, {
    method: 'PUT',
    credentials: 'same-origin',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `bytes ${first}-${last}/${file.size}`,
    },
    body: file.slice(first, last + 1),
    signal,
  })
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok) throw errorOf(response, answer)
  return (answer as { import: Import }).import
}
