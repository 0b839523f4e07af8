import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'

const folder = mkdtempSync(join(tmpdir(), 'garrison-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function load(assistant: unknown, options: { env?: Record<string, string>; demo?: boolean } = {}) {
  const file = join(folder, 'garrison.yaml')
  writeFileSync(file, JSON.stringify({ assistant }))
  const { env = {}, demo = false } = options
  return loadConfig({ file, env, dataDir: folder, demo, local: true }).assistant
}

const each = (usd: number) => ({ USD: usd, EUR: usd, INR: usd * 85 })
const prices = { input_per_million: each(1), output_per_million: each(2) }
const model = { id: 'm', context_length: 8192, prices }
const upstream = (change: object = {}, of: object = model) => ({
  id: 'ollama',
  base_url: 'http://127.0.0.1:11434/v1',
  models: [of],
  ...change,
})

describe('upstreams of the assistant', () => {
  it('are none unless there are some', () => {
    expect(load({}).upstreams).toEqual([])
  })

  it('are OpenAI-compatible unless they say otherwise, with a key of the environment', () => {
    const { upstreams } = load(
      { upstreams: [upstream({ api_key_env: 'PROVIDER_KEY' })] },
      { env: { PROVIDER_KEY: 'secret' } },
    )
    expect(upstreams[0]).toMatchObject({ kind: 'openai', api_key: 'secret' })
  })

  it.each([
    [
      'a model without a price',
      [upstream({}, { ...model, prices: undefined })],
      /"m" has no prices; set them, or free: true/,
    ],
    [
      'a price of nothing',
      [
        upstream(
          {},
          {
            ...model,
            prices: { ...prices, input_per_million: each(0), output_per_million: each(0) },
          },
        ),
      ],
      /"m" costs nothing in USD/,
    ],
    [
      'a free model with a price',
      [upstream({}, { ...model, free: true })],
      /is free and has prices/,
    ],
    ['an upstream twice', [upstream(), upstream()], /"ollama" is there twice/],
    ['a model twice', [upstream({ models: [model, model] })], /"m" is there twice/],
    [
      'one model at two prices',
      [upstream(), upstream({ id: 'other' }, { ...model, context_length: 4096 })],
      /another price or context_length/,
    ],
    [
      'a key that the environment does not have',
      [upstream({ api_key_env: 'PROVIDER_KEY' })],
      /PROVIDER_KEY is not set in the environment/,
    ],
    ['no address', [upstream({ base_url: 'ollama' })], /assistant\.upstreams\.0\.base_url/],
    ['no models', [upstream({ models: [] })], /assistant\.upstreams\.0\.models/],
  ])('are refused: %s', (_what, upstreams, words) => {
    expect(() => load({ upstreams })).toThrow(words)
  })

  it('are simulated in a demonstration, beside those of the file', () => {
    const names = (assistant: unknown) =>
      load(assistant, { demo: true }).upstreams.map(({ id, kind, models }) => [
        id,
        kind,
        models.map((one) => one.id),
      ])
    expect(names({})).toEqual([['simulated', 'simulated', ['barrack-small', 'barrack-large']]])
    expect(names({ upstreams: [upstream({}, { ...model, id: 'barrack-small' })] })).toEqual([
      ['ollama', 'openai', ['barrack-small']],
      ['simulated', 'simulated', ['barrack-large']],
    ])
  })
})
