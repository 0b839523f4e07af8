import { beforeEach, describe, expect, it } from 'vitest'
import { createSignInLimits, type SignInLimits } from './limits.ts'

let limits: SignInLimits
beforeEach(() => {
  limits = createSignInLimits({
    ...{ failures_per_email: 3, failures_per_address: 60 },
    ...{ mails_per_email: 6, mails_per_address: 60 },
  })
})

const ada = { email: 'ada@example.org' }
const guess = (address: string, whose: Parameters<SignInLimits['guess']>[1] = ada) =>
  limits.guess('password', whose, address)
const network = (number: number) => `192.0.2.${number}`

async function guessFrom(address: string, times: number) {
  for (let count = 0; count < times; count++) await guess(address)
}

describe('guesses at somebody', () => {
  it('lock out the network that they come from, and not the one who is guessed at', async () => {
    await guessFrom(network(1), 3)
    expect(await guess(network(1))).toMatchObject({ seconds: 60, limit: { points: 3 } })
    expect(await guess(network(2))).toBeNull()
  })

  it('from many networks end, but for where that person has signed in', async () => {
    await guess(network(1))
    await limits.forgive('password', ada, network(1))
    for (let number = 2; number < 12; number++) await guessFrom(network(number), 3)
    expect(await guess(network(12))).toMatchObject({ begins: true, limit: { points: 30 } })
    expect(await guess(network(1))).toBeNull()
  })

  it('count the same however the address is written', async () => {
    await guessFrom(network(1), 3)
    expect(await guess(network(1), { email: 'Ada@Example.org' })).not.toBeNull()
  })

  it('of a session count wherever they come from', async () => {
    const person = { personId: '0198c0de-0000-7000-8000-000000000000' }
    for (let number = 1; number < 4; number++) await guess(network(number), person)
    expect(await guess(network(4), person)).not.toBeNull()
  })
})
