import { expect, it } from 'vitest'
import { countryChoices, currencyWords } from './country-choices.ts'

it('lists countries by name', () => {
  expect(countryChoices[0]?.words).toBe('Afghanistan')
  expect(countryChoices.find(({ value }) => value === 'DE')?.words).toBe('Germany')
})

it('says what a country does to the currency', () => {
  expect(currencyWords('', 'USD')).toMatch('INR in India')
  expect(currencyWords('DE', 'EUR')).toBe('You pay in EUR.')
  expect(currencyWords('IN', 'USD')).toMatch('INR instead of USD')
})
