/** Where webhooks may be sent, and where not. */
import { describe, expect, it } from 'vitest'
import { type Address, createTargets, ForbiddenTarget, type TargetRules } from './targets.ts'

const strict: TargetRules = { allow_http: false, allow_networks: [] }
const v4 = (address: string): Address => ({ address, family: 4 })
const v6 = (address: string): Address => ({ address, family: 6 })

const check = (url: string, rules: Partial<TargetRules> = {}, addresses: Address[] = []) =>
  createTargets({ ...strict, ...rules }, async () => addresses).check(url)

describe('a target on the public internet', () => {
  it('may be sent to, at exactly the addresses that were looked at', async () => {
    const addresses = [v4('93.184.215.14'), v6('2606:2800:21f:cb07:6820:80da:af6b:8b2c')]
    expect(await check('https://example.com/hook', {}, addresses)).toEqual(addresses)
    expect(await check('https://93.184.215.14/')).toEqual([v4('93.184.215.14')])
  })

  it('is refused over plain http, unless the operator allows it', async () => {
    const addresses = [v4('93.184.215.14')]
    await expect(check('http://example.com/', {}, addresses)).rejects.toThrow(/https/)
    expect(await check('http://example.com/', { allow_http: true }, addresses)).toEqual(addresses)
  })
})

describe('a target elsewhere is refused', () => {
  it.each([
    ...['127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.0.8', '198.18.0.1'],
    ...['240.0.0.1', '192.0.2.1', '203.0.113.7'],
    // The same in other spellings, which a URL turns into the one above.
    ...['2130706433', '0x7f.1', '017700000001', '127.1'],
  ])('as %s', async (host) => {
    await expect(check(`https://${host}/`)).rejects.toThrow(ForbiddenTarget)
  })

  it.each([
    ...['::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:a00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001::1', '::7f00:1', 'fec0::1'],
    ...['100::1', '2001:db8::1', '5f00::1'],
  ])('as [%s]', async (host) => {
    await expect(check(`https://[${host}]/`)).rejects.toThrow(ForbiddenTarget)
  })

  it('as a name with one such address among good ones', async () => {
    const mixed = [v4('93.184.215.14'), v4('10.0.0.1')]
    const refusal = expect(check('https://example.com/', {}, mixed)).rejects
    await refusal.toThrow(/example.com is not on the public internet/)
    // Which addresses names have inside is nobody's business out there.
    await expect(check('https://example.com/', {}, mixed)).rejects.not.toThrow(/10\.0\.0\.1/)
  })

  it('as a name that nobody knows', async () => {
    await expect(check('https://example.com/')).rejects.toThrow(/no addresses/)
    const failing = createTargets(strict, () => Promise.reject(new Error('ENOTFOUND')))
    await expect(failing.check('https://example.com/')).rejects.toThrow(/cannot be resolved/)
  })
})

describe('a network of the operator', () => {
  it('may be sent to, also over plain http, and nothing beside it', async () => {
    const rules = { allow_networks: ['10.1.0.0/16', 'fd00:1::/64'] }
    expect(await check('http://10.1.2.3:8080/', rules)).toEqual([v4('10.1.2.3')])
    expect(await check('http://[fd00:1::5]/', rules)).toEqual([v6('fd00:1::5')])
    await expect(check('https://10.2.0.1/', rules)).rejects.toThrow(ForbiddenTarget)
    await expect(check('https://[fd00:2::5]/', rules)).rejects.toThrow(ForbiddenTarget)
    // What looks like IPv6 is judged as the IPv4 that it is.
    expect(await check('http://[::ffff:10.1.2.3]/', rules)).toEqual([v4('10.1.2.3')])
  })
})
