import { getMigrations } from 'better-auth/db/migration'
import { expect, it } from 'vitest'
import { createWorld } from '../testing/world.ts'
import { createLibrary, type SignInHooks } from './library.ts'

it('the library finds every table and column that it wants', async () => {
  const world = await createWorld()
  try {
    const hooks = {} as SignInHooks
    const { options } = createLibrary(
      { ...world, secret: 's'.repeat(32), origin: 'http://a' },
      hooks,
    )
    const { toBeAdded, toBeCreated } = await getMigrations(options)
    expect({ toBeAdded, toBeCreated }).toEqual({ toBeAdded: [], toBeCreated: [] })
  } finally {
    await world.close()
  }
})
