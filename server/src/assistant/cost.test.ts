import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, isAbsurd, mostTokens } from './cost.ts'

const rates = (micros: number) => ({ USD: micros, EUR: micros, INR: micros * 85 })
const prices = { input: rates(100_000), output: rates(400_000) }

describe('what tokens cost', () => {
  it.each([
    [{ prompt: 1_000_000, completion: 0 }, 100_000],
    [{ prompt: 0, completion: 1_000_000 }, 400_000],
    [{ prompt: 42, completion: 8 }, 8],
    [{ prompt: 1, completion: 0 }, 1],
    [{ prompt: 0, completion: 0 }, 1],
  ])('is rounded up to a micro-unit, and at least one: %o', (tokens, micros) => {
    expect(costOf(prices, tokens, 'USD')).toBe(micros)
  })

  it('is nothing for a free model', () => {
    expect(costOf(null, { prompt: 1000, completion: 1000 }, 'USD')).toBe(0)
  })

  it('is exact however large the numbers are', () => {
    const dear = { input: rates(1_000_000_000_000), output: rates(1) }
    expect(costOf(dear, { prompt: 9_007, completion: 1 }, 'USD')).toBe(9_007_000_001)
  })

  it('is never more than the most, whatever an upstream may count', () => {
    const natural = fc.integer({ min: 0, max: 200_000 })
    fc.assert(
      fc.property(natural, natural, natural, fc.integer({ min: 1, max: 8192 }), (...numbers) => {
        const [prompt, completion, promptBytes, maxTokens] = numbers
        const most = mostTokens({ promptBytes, messages: 3, maxTokens, contextLength: 32_768 })
        const tokens = { prompt, completion }
        expect(
          isAbsurd(tokens, most) || costOf(prices, tokens, 'INR') <= costOf(prices, most, 'INR'),
        ).toBe(true)
      }),
    )
  })
})
