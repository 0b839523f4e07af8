import { expect, it } from 'vitest'
import { parseAmount, parseFutureDate, parseHost, parsePort } from './options.ts'

it.each(['1', '8600', '65535'])('takes the port %s', (text) => {
  expect(parsePort(text)).toBe(Number(text))
})

it.each(['0', '65536', '-1', '1e3', '0x50', ' 80', '80.0', '', 'http'])(
  'refuses the port %j with its range',
  (text) => {
    expect(() => parsePort(text)).toThrow('Give a number from 1 to 65535.')
  },
)

it.each(['127.0.0.1', '0.0.0.0', '::1', 'localhost', 'fe80::1%eth0'])(
  'takes the host %s',
  (text) => {
    expect(parseHost(text)).toBe(text)
  },
)

it.each(['', 'a b', 'http://x', 'a/b'])('refuses the host %j', (text) => {
  expect(() => parseHost(text)).toThrow('Give an address of this host')
})

it('takes a day as its beginning in UTC, and a moment as it is', () => {
  expect(parseFutureDate('2999-12-31').toISOString()).toBe('2999-12-31T00:00:00.000Z')
  expect(parseFutureDate('2999-12-31T18:00+02:00').toISOString()).toBe('2999-12-31T16:00:00.000Z')
})

it.each(['tomorrow', '2999-13-01', '2999-12-31T18:00', '31.12.2999', ''])(
  'refuses the date %j',
  (text) => {
    expect(() => parseFutureDate(text)).toThrow('Give a date such as')
  },
)

it('refuses a date that is over', () => {
  expect(() => parseFutureDate('2001-01-01')).toThrow('Give a date in the future.')
})

it.each(['25', '0.50', '-5', '0.000001'])('takes the amount %s', (text) => {
  expect(parseAmount(text)).toBe(Number(text))
})

it.each(['0', '1e3', '0.0000001', '1,50', '$5', '', '1234567890'])(
  'refuses the amount %j',
  (text) => {
    expect(() => parseAmount(text)).toThrow('Give an amount such as 25')
  },
)
