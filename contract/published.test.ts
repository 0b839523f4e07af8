/** The examples that Barrack published, in `fixtures/`, against our schemas and our own examples. */
import { describe, expect, it } from 'vitest'
import { ErrorResponse } from './common.ts'
import { keysOf, published } from './fixtures/published.ts'
import { ListImagesResponse, listImages } from './images/routes.ts'
import { RestoreSnapshotResponse, restoreSnapshot } from './snapshots/routes.ts'

const exampleOf = (route: {
  responses: { 200: { content: { 'application/json': { example: unknown } } } }
}) => route.responses[200].content['application/json'].example

describe('the published examples', () => {
  it('are answers of ours: restore', async () => {
    const example = await published('snapshot-restore.200')
    expect(RestoreSnapshotResponse.strict().parse(example)).toEqual(example)
    expect(keysOf(exampleOf(restoreSnapshot))).toEqual(keysOf(example))
  })

  it('are answers of ours: list of custom images', async () => {
    const example = await published('custom-images-list.200')
    expect(ListImagesResponse.strict().parse(example)).toEqual(example)
    expect(keysOf(exampleOf(listImages))).toEqual(keysOf(example))
  })

  it('are answers of ours: a page that cannot be', async () => {
    const example = await published('snapshots-list.400')
    expect(ErrorResponse.strict().parse(example)).toEqual(example)
  })
})
