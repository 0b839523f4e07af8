import { countries, countryName, currencyOfCountry } from '@garrison/contract/accounts/countries'

/** By name, as people look for them. */
export const countryChoices = countries
  .map((code) => ({ value: code, words: countryName(code) ?? code }))
  .sort((a, b) => a.words.localeCompare(b.words, 'en'))

/** What a choice does to the currency, in words. */
export function currencyWords(country: string, current: string): string {
  if (country === '') return 'It decides the currency: INR in India, EUR in Europe, USD elsewhere.'
  const currency = currencyOfCountry(country)
  return currency === current
    ? `You pay in ${currency}.`
    : `You would pay in ${currency} instead of ${current}. That is possible while nothing is left in ${current} and nothing is billed in it.`
}
