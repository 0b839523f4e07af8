import type { Profile } from '@garrison/contract/accounts/account'
import { countryName } from '@garrison/contract/accounts/countries'
import type { Account } from './store.ts'

const needed = ['address_line', 'postal_code', 'country'] as const

export function profileAnswer(account: Account): Profile {
  const { name, email, phone, address_line, city, state, postal_code, tax_id, currency } = account
  const country_name = account.country === null ? null : countryName(account.country)
  const missing = needed.filter((field) => !account[field])
  return {
    ...{ name, email, phone, address_line, city, state, postal_code, tax_id },
    // The account that is made on the host has no country, and needs none.
    country: country_name === null ? null : account.country,
    country_name,
    currency,
    complete: missing.length === 0,
    missing,
  }
}
