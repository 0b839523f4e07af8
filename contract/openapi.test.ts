import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import SwaggerParser from '@apidevtools/swagger-parser'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from './openapi.ts'

const document = openApiDocument()

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    // The validator resolves references in what it is given.
    await SwaggerParser.validate(structuredClone(document) as never)
  })

  it('describes every tag that is used, and no other', () => {
    const used = Object.values(document.paths ?? {}).flatMap((path) =>
      Object.values(path).flatMap(({ tags }: { tags: string[] }) => tags),
    )
    expect([...new Set(used)].toSorted()).toEqual(document.tags?.map(({ name }) => name).toSorted())
  })

  it('defines every way to show a key that routes ask for', () => {
    expect(Object.keys(document.components.securitySchemes ?? {})).toEqual([
      'apiKey',
      'xApiKey',
      'consoleToken',
      'OAuth2PasswordBearer',
      'bearer',
    ])
  })

  it('is what stands in openapi.json', async () => {
    const script = fileURLToPath(new URL('write-openapi.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--check'])
    expect(stdout).toBe('openapi.json is up to date\n')
  })
})
