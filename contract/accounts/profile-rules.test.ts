import { expect, it } from 'vitest'
import { asTaxNumber, profileProblem, taxNumberName, taxNumberProblem } from './profile-rules.ts'

it('says which signs a field takes', () => {
  expect(profileProblem('name', 'Ada King-Noël O’Hara')).toBeNull()
  expect(profileProblem('name', 'A')).toMatch('at least 2')
  expect(profileProblem('name', 'R2D2')).toMatch('letters')
  expect(profileProblem('postal_code', ' ')).toMatch('required')
  expect(profileProblem('postal_code', '10115_')).toMatch('letters, digits')
  expect(profileProblem('city', '')).toBeNull()
  expect(profileProblem('address_line', 'x'.repeat(256))).toMatch('at most 255')
})

it('knows what a tax number is called, and how India’s look', () => {
  expect(['IN', 'DE', 'US'].map(taxNumberName)).toEqual(['GSTIN', 'VAT number', 'Tax number'])
  expect(taxNumberProblem('IN', '27AAPFU0939F1ZV')).toBeNull()
  expect(taxNumberProblem('IN', '27 aapfu 0939 f1zv')).toBeNull()
  expect(taxNumberProblem('IN', '27AAPFU')).toMatch('15 signs')
  expect(taxNumberProblem('DE', 'DE123456789')).toBeNull()
  expect(asTaxNumber('de 123 456 789')).toBe('DE123456789')
})
