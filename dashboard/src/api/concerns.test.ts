import { api } from '@garrison/contract/api'
import { eventKinds } from '@garrison/contract/events/kinds'
import { microvmApi } from '@garrison/contract/microvms/api'
import { describe, expect, it } from 'vitest'
import { concernedBy } from './concerns.ts'

const readable = Object.values({ ...api, ...microvmApi }).flatMap(({ method, path }) =>
  method === 'get' ? [path] : [],
)

describe('what an event makes stale', () => {
  it('is known of every kind, and is something that can be read', () => {
    for (const kind of Object.keys(eventKinds)) {
      const paths = concernedBy(kind)
      expect(paths, kind).not.toBeNull()
      for (const prefix of paths ?? [])
        expect(
          readable.some((path) => path.startsWith(prefix)),
          `${kind} → ${prefix}`,
        ).toBe(true)
    }
  })

  it('is everything after one that is not known', () => {
    expect(concernedBy('weather.fine')).toBeNull()
  })
})
