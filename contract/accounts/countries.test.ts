import { describe, expect, it } from 'vitest'
import { countries, countryName, currencyOfCountry, findCountry } from './countries.ts'

describe('the list of countries', () => {
  it('is that of ISO 3166-1, with Kosovo, each once and with a name', () => {
    expect(countries).toHaveLength(249 + 1)
    expect(new Set(countries).size).toBe(countries.length)
    for (const code of countries) expect(countryName(code), code).not.toBeNull()
  })

  it('finds a country by code and by name, whatever the case', () => {
    expect(findCountry('de')).toBe('DE')
    expect(findCountry(' united states ')).toBe('US')
    expect(findCountry('Atlantis')).toBeNull()
    expect(findCountry('-')).toBeNull()
  })
})

it('pays in rupees in India, in euros in Europe, in dollars elsewhere', () => {
  const paid = {
    IN: 'INR',
    DE: 'EUR',
    GB: 'EUR',
    CH: 'EUR',
    CY: 'EUR',
    TR: 'USD',
    US: 'USD',
    JP: 'USD',
  }
  for (const [code, currency] of Object.entries(paid))
    expect(currencyOfCountry(code)).toBe(currency)
})
