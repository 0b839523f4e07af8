/**
 * What a profile may hold, as plain data: the server refuses by it, and forms say it while somebody types.
 */
import { currencyOfCountry } from './countries.ts'

type Rule = {
  readonly most: number
  readonly pattern?: RegExp
  /** Which signs, in words. */
  readonly words?: string
  readonly required?: true
}

export const profileRules = {
  name: {
    most: 100,
    pattern: /^[\p{L}\p{M} '’-]*$/u,
    words: 'Use letters, spaces, hyphens and apostrophes only.',
    required: true,
  },
  phone: {
    most: 40,
    pattern: /^[0-9+ ()-]*$/,
    words: 'Use digits, +, spaces, dashes and parentheses only.',
  },
  address_line: { most: 255, required: true },
  city: {
    most: 100,
    pattern: /^[\p{L}\p{M} .'’-]*$/u,
    words: 'Use letters, spaces, hyphens, periods and apostrophes only.',
  },
  state: {
    most: 100,
    pattern: /^[\p{L}\p{M} -]*$/u,
    words: 'Use letters, spaces and hyphens only.',
  },
  postal_code: {
    most: 20,
    pattern: /^[A-Za-z0-9 -]*$/,
    words: 'Use letters, digits, spaces and hyphens only.',
    required: true,
  },
  tax_id: {
    most: 30,
    pattern: /^[A-Za-z0-9 ./-]*$/,
    words: 'Use letters, digits, spaces, periods, slashes and hyphens only.',
  },
} as const satisfies Record<string, Rule>

export type ProfileField = keyof typeof profileRules
export const shortestName = 2

/** What is wrong with what somebody typed; null when nothing is. */
export function profileProblem(field: ProfileField, value: string): string | null {
  const { most, pattern, words, required }: Rule = profileRules[field]
  const given = value.trim()
  if (given === '') return required ? 'This field is required.' : null
  if (field === 'name' && given.length < shortestName) {
    return `Use at least ${shortestName} characters.`
  }
  if (value.length > most) return `Use at most ${most} characters; these are ${value.length}.`
  return pattern !== undefined && !pattern.test(value) ? (words ?? null) : null
}

/** State, entity and check digit of an Indian GSTIN; `27AAPFU0939F1ZV`. */
const gstin = /^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/

/** As it is kept: without spaces, in capitals. */
export const asTaxNumber = (text: string) => text.replaceAll(' ', '').toUpperCase()

/** What the number is called where somebody is. */
export const taxNumberName = (country: string): 'GSTIN' | 'VAT number' | 'Tax number' =>
  country === 'IN' ? 'GSTIN' : currencyOfCountry(country) === 'EUR' ? 'VAT number' : 'Tax number'

/** Null when it may be one; only India's have a form that is known here. */
export const taxNumberProblem = (country: string, text: string): string | null =>
  country === 'IN' && text.trim() !== '' && !gstin.test(asTaxNumber(text))
    ? 'A GSTIN has 15 signs, such as 27AAPFU0939F1ZV.'
    : null
