import { expect, it } from 'vitest'
import { inWords, missingProgram } from './complaints.ts'

const say = (complaint: string) => inWords(complaint, 'a.example/b:1', 'The registry a.example')

it.each([
  ['reading manifest 1 in a.example/b: manifest unknown: manifest unknown', /no image a\.example/],
  ['requested access to the resource is denied', /without credentials.*microvms\.registries/],
  ['dial tcp: lookup a.example on 172.31.255.1:53: no such host', /not found by its name/],
  ['dial tcp 10.0.0.1:443: connect: no route to host', /not in the internet/],
  ['dial tcp 127.0.0.1:5000: connect: connection refused', /Nobody answers/],
  ['http: server gave HTTP response to HTTPS client', /does not speak HTTPS/],
  ['x509: certificate signed by unknown authority', /not trusted/],
  ['toomanyrequests: You have reached your pull rate limit', /less often/],
  [
    'pinging container registry a.example: Get "https://a.example/v2/": EOF"',
    /closes the connection/,
  ],
  ['read tcp 1.2.3.4:5: read: connection reset by peer', /closes the connection/],
  ['invalid status code from registry 500 (Internal Server Error)', /an error of its own/],
  ['fetching blob: unexpected EOF', /not what it announced/],
  ['write /x: no space left on device', /no room/],
])('%s', (complaint, words) => {
  expect(say(complaint)).toMatch(words)
})

it('says nothing of what nobody expected, and how to install what is missing', () => {
  expect(say('panic: 0x01')).toBe(null)
  expect(missingProgram("skopeo failed (exit code 127): nice: 'skopeo'")).toMatch(/apt-get install/)
  expect(missingProgram('skopeo failed (exit code 1): x')).toBe(null)
})
