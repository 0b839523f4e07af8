import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generatePair, parsePublicKey } from './public-key.ts'

/** Made by ssh-keygen, with the fingerprints that `ssh-keygen -lf` prints. */
const real = {
  ed25519: {
    line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOF9ocQwvcl0tUcLxW7MBo5bKr3bpZa/L/q+vFpkOpt5 me@laptop',
    fingerprint: 'SHA256:wS308J6j+KbSb4VXJSrouAJfnZHqpL/CmyTziUNi4Hc',
  },
  ecdsa256: {
    line: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJyjvZK79Nn85dyoe1YnJwSUObKIhCKLH+KO915MsI9f/Ma+2cQ9hSnpob3yaRPC2eOEy6bD38K2Rou/1/B/6xw= ec 256',
    fingerprint: 'SHA256:cYrTkHCrek15AZycSdJ/552Ls+SV5+JRBcnHKt9KNN0',
  },
  ecdsa384: {
    line: 'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBMTsWoAUKms7iO5bjKHG7J4HATGW18V8osJxEXmdPFCH2/XDTRWjRNiuvP5CdjQoa/75cg4v/Q21myP2Z8V12if+lSJB+YYPDFxw+fvQ6Ac2G+fbPn3Z3+aJr6uQ9ef/Ew== ec 384',
    fingerprint: 'SHA256:GdSs3SWcu/W1WNErluSuS0LQeo4gHH/fqC/F9x+43G0',
  },
  ecdsa521: {
    line: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAEboHFCtfcqGK/xQFEzsGTUTom3QDJp54uz4nSDu+yyAK0FUVx5rB+wyYcmVrUav9TpFLCwuDNYyJnGMcH+bCsCYwFRQw0JoQ3EZNewLOFXyiz3TxfJ1tHtwl3yGGu983N/n9FVWHuWUwkvMycILlZNEjr/vaaNu7iSOLQnqJST3z33jg== ec 521',
    fingerprint: 'SHA256:2ART5IVk7FhJY2swYCoHO98r0BYl+QXQ2qkg0l8JHVw',
  },
  rsa2048: {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCytPu0cLWeD60ZLVqxM+u/iFX18NMzoDpkd400wO+pyAZlfF+N2Rx1M6DaT/VGRaoomxEOOPb8ZH9fgHqsk4px5pP+ietXJkLQ/hJYJBDFhtOR7CT4B7wDbQ/aCW/M4/h/VnVMCOU9dtTT8lRxTH43+0KTsGRw8wuhA8g1au0AjgRXQR9+9rA00X/SjlZXdZ8ITjomtlXOzAK5Fkxd99CS0yvd3JQ1Nie5ct+Wd/MyhzNodkRKE35pT/t+TkdwDGRzRrfOYncjp0OGJc4hepo6Yct6INT+VdzKQEMFi5hBrOZ3pv5iHgaSvXnjMVEPGgNakaCaMrsX5OMReIw/jzdb rsa',
    fingerprint: 'SHA256:NZUAa92+75Ux7dBgZ8Tgb5h5qoWtHYkO2o5i5uMtBbI',
  },
  rsa4096: {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAACAQCZAjitT+l4/xWuuR0vXn0s+BGL2dZF6ZgjItVyBeXrFLnfA09bC8gA5o5Dnxf5zYo9PKjyGoBaNwXmdB0V7zAjzTZCxmyTIeMvG9K7BcNKE3ZlSeWjw9nu6NJCnEG8l0XkJ9tSWyUbZscX6kddlDjuOIH3GFwtsRUZX/qQ2v+FRVQPJiB483T+QZ73mrK9LUZWIGO+kXrWRuokCf7BGxfPQCO+DaZVfpqPgRkQ5MXhESXp2fJVtqATlw3DO67UTAqglQpkPnE7lb9asvPLRrVFf2HN8h7av2Xr9sjDsAFY5RZC+XlfL8Wm/KtVXV33wVwWKbZc5CvX+3l2vfKP7jzZ/sMHz/En/Sl8Tl6n1lTP61VZWVIS4Ar5M/8UMHnr7w7kPXGCLbOVDgJqJKHWwjHGyUfaq4B4PQhrG52uV0EM11kfUsfewGG7l1KcQOoj0OZ+LjcJ0Y8fxmoxr3fOnbbTXW6v18VMC/SrEsvSi0QL8iIfv3ypJC+e7ZfExvM+4Vq7oVy0/jbkuxUUm9rKJ3BRM1SXVvrhENjsZQ/vcRh7y5xuL4kn63/kA9db/0oKhH0Z9jDxf5INU+YwSM167yMLxeDKAPRpCMYk2e9p4udI5zFvPftXJNcdho4rI/li9xg1rmEQg3yv5iZsP7Hv/qfiq+ItvdLxK6T7c5sppAeLYw== rsa',
    fingerprint: 'SHA256:VgvoLgPB9zyu3NKK+OF0+3msgDWBV6XbE2s6eh9lXgI',
  },
}
const rsa1024 =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCjq1UWGrGVJLbah2i3R/A+1lLaZsSVIUoZ67NHrfg53hS/XoDi7HFgfBxMOXoYD/hue+0yFcLRLIN2N5QfNJJRETyHivs4AXIsxqXMZLSaEdHMJ1XzQPQ0Ic8ymC7G4NeJefRjtJeJ9ezLNRk54JvUPAO0IUKOpypyx+41qt+zMw== rsa'

const bodyOf = (line: string) => line.split(' ')[1] ?? ''
const encode = (...parts: (string | Buffer)[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  ).toString('base64')

describe('a real key', () => {
  it.each(Object.entries(real))(
    '%s is read, with its fingerprint',
    (_name, { line, fingerprint }) => {
      expect(parsePublicKey(line)).toEqual({ line, type: line.split(' ')[0], fingerprint })
    },
  )

  it('may have spaces around it, no comment, a long one, or one with accents', () => {
    const { line } = real.ed25519
    const bare = `ssh-ed25519 ${bodyOf(line)}`
    expect(parsePublicKey(`  ${line}\r\n`)).toMatchObject({ line })
    expect(parsePublicKey(bare)).toMatchObject({ line: bare })
    expect(parsePublicKey(`${bare} Zoë's \t key`)).toMatchObject({ line: `${bare} Zoë's key` })
    expect(parsePublicKey(`${bare} ${'x'.repeat(5_000)}`)).toMatchObject({
      line: `${bare} ${'x'.repeat(200)}`,
    })
  })

  it('without the padding of its base64 gets it back, since OpenSSH asks for it', () => {
    const { line } = real.ecdsa256
    expect(parsePublicKey(line.replace('=', ''))).toMatchObject({ line })
  })
})

describe('refuses', () => {
  const ed = real.ed25519.line
  const curve = Buffer.from(bodyOf(real.ecdsa256.line), 'base64')
  const offCurve = Buffer.from(curve.with(-1, (curve.at(-1) ?? 0) ^ 1))
  const { rsa2048 } = real
  const modulus = Buffer.from(bodyOf(rsa2048.line), 'base64').subarray(-256)
  const exponent = Buffer.from([1, 0, 1])

  it.each([
    ['nothing', '', /OpenSSH format/],
    ['words', 'not a key', /OpenSSH format/],
    ['a DSA key', `ssh-dss ${encode('ssh-dss', 'p', 'q', 'g', 'y')} me`, /ssh-dss/],
    ['an RSA key of 1024 bits', rsa1024, /this one has 1024/],
    ['a key that was cut off', ed.slice(0, 60), /cut off/],
    ['a key without its body', 'ssh-ed25519', /cut off/],
    [
      'a key with something behind it',
      `ssh-ed25519 ${encode('ssh-ed25519', 'x'.repeat(32), 'more')}`,
      /damaged/,
    ],
    ['base64 with other signs', ed.replace('AAAA', 'AA*A'), /base64/],
    ['base64 for addresses', `ssh-ed25519 ${bodyOf(ed).replace('/', '_')}`, /base64/],
    [
      'one type outside and another inside',
      ed.replace('ssh-ed25519', 'ssh-rsa'),
      /something else inside/,
    ],
    ['two lines', `${ed}\n${ed}`, /one line/],
    ['a null character', `${ed}\0`, /control characters/],
    ['an escape sequence in the comment', `${ed}\u001b[2J`, /control characters/],
    ['options in front', `command="rm -rf /" ${ed}`, /OpenSSH format/],
    [
      'a certificate',
      ed.replace('ssh-ed25519', 'ssh-ed25519-cert-v01@openssh.com'),
      /OpenSSH format/,
    ],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', /private key/],
    [
      'a point that is not on its curve',
      `ecdsa-sha2-nistp256 ${offCurve.toString('base64')}`,
      /damaged/,
    ],
    ['a negative modulus', `ssh-rsa ${encode('ssh-rsa', exponent, modulus)}`, /damaged/],
    ['an exponent of 1', `ssh-rsa ${encode('ssh-rsa', Buffer.from([1]), modulus)}`, /damaged/],
    [
      'an enormous modulus',
      `ssh-rsa ${encode('ssh-rsa', exponent, Buffer.alloc(4_096, 0x55))}`,
      /to 16384 bits/,
    ],
    [
      'lengths that point outside',
      `ssh-rsa ${Buffer.from([255, 255, 255, 255]).toString('base64')}`,
      /damaged/,
    ],
  ])('%s, and says why', (_name, text, words) => {
    expect(parsePublicKey(text)).toEqual({ problem: expect.stringMatching(words) })
  })

  it('whatever has a bit changed in its head, without throwing', () => {
    const blob = Buffer.from(bodyOf(rsa2048.line), 'base64')
    // Type and lengths; what the numbers are nobody but the owner can tell.
    const head = [...blob.keys()].filter((at) => at < 15 || (at >= 18 && at < 22))
    fc.assert(
      fc.property(fc.constantFrom(...head), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(blob.with(at, (blob[at] ?? 0) ^ mask)).toString('base64')
        expect(parsePublicKey(`ssh-rsa ${changed}`)).toHaveProperty('problem')
      }),
    )
  })

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (text, bytes) => {
        parsePublicKey(text)
        for (const type of ['ssh-rsa', 'ssh-ed25519', 'ecdsa-sha2-nistp521']) {
          parsePublicKey(`${type} ${Buffer.from(bytes).toString('base64')} ${text}`)
        }
      }),
    )
  })
})

it('makes pairs of 2048-bit RSA whose halves belong together', async () => {
  const { line, privateKey } = await generatePair('laptop')
  const parsed = parsePublicKey(line)
  expect(parsed).toMatchObject({ type: 'ssh-rsa', line })
  expect(line.endsWith(' laptop')).toBe(true)
  const secret = createPrivateKey(privateKey)
  expect(secret.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
  const modulus = Buffer.from(secret.export({ format: 'jwk' }).n ?? '', 'base64url')
  expect(Buffer.from(bodyOf(line), 'base64').subarray(-256)).toEqual(modulus)
})
