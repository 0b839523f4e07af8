import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImageStore } from './image-store.ts'

describe('ImageStore', () => {
  let cacheDir: string
  let store: ImageStore
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'images-'))
    store = new ImageStore({ cacheDir })
  })
  afterEach(() => rm(cacheDir, { recursive: true }))

  it('lists what it could build and builds nothing for that', async () => {
    expect(await store.list()).toEqual([
      {
        name: 'garrison-small',
        minDiskGb: 1,
        sizeBytes: 0,
        ready: false,
        type: 'Garrison',
        version: '1',
        loginUser: 'root',
      },
    ])
    expect(await readdir(cacheDir)).toEqual([])
  })

  it('names the images it knows when asked for another', async () => {
    await expect(store.ensure('windows')).rejects.toThrow(
      'There is no OS image "windows". There is: garrison-small',
    )
  })
})
