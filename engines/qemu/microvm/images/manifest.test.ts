import { describe, expect, it } from 'vitest'
import { environmentIn, factsOf, instanceIn } from './manifest.ts'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const blob = (mediaType: string, size = 10) => ({ mediaType, digest: digest('a'), size })
const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip'
const manifest = (...layers: object[]) =>
  JSON.stringify({ config: blob('application/vnd.oci.image.config.v1+json'), layers })
const config = (of: object) => JSON.stringify({ architecture: 'amd64', os: 'linux', ...of })

describe('what a registry says', () => {
  it('of several machines is looked through for this one', () => {
    const on = (architecture: string, letter: string) => ({
      ...{ digest: digest(letter), platform: { architecture, os: 'linux' } },
    })
    const both = JSON.stringify({ manifests: [on('arm64', 'a'), on('amd64', 'b')] })
    expect(instanceIn(both, 'x')).toBe(digest('b'))
    expect(instanceIn(manifest(), 'x')).toBe(null)
    const one = JSON.stringify({ manifests: [on('arm64', 'a')] })
    expect(() => instanceIn(one, 'some/image')).toThrow('some/image is for linux/arm64')
  })

  it('is added up, whatever wrote it', () => {
    const docker = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
    const plain = 'application/vnd.oci.image.layer.v1.tar'
    const text = manifest(blob(gzip, 1), blob(docker, 2), blob(plain, 4))
    expect(factsOf(text, 'x')).toEqual({ compressedBytes: 7, layers: 3 })
  })

  it.each([
    ['no JSON', 'nothing', /not the description/],
    ['something else', '{"layers": 1}', /not the description/],
    ['a compression that nobody unpacks', manifest(blob(`${gzip}x`)), /must be tar or gzip/],
    ['too many layers', manifest(...Array.from({ length: 200 }, () => blob(gzip))), /200 layers/],
    ['too many bytes', manifest(blob(gzip, 9e9)), /at most 8.0 GB/],
    ['a size below nothing', manifest(blob(gzip, -1)), /not the description/],
    ['a digest that is a path', manifest({ ...blob(gzip), digest: '../../x' }), /not the descr/],
  ])('is refused when it is %s', (_, text, words) => {
    expect(() => factsOf(text, 'x')).toThrow(words)
  })

  const address = '["http://169.254.169.254/"]'
  const named = (name: string) => JSON.stringify(blob(gzip)).replace('{', `{${name}:${address},`)
  const oci = 'application/vnd.oci.image.config.v1+json'
  it.each([
    ['a layer', manifest({ ...blob(gzip), urls: ['http://127.0.0.1/'] })],
    ['the configuration', JSON.stringify({ config: { ...blob(oci), urls: ['x'] }, layers: [] })],
    ['a name in capitals', `{"config":${JSON.stringify(blob(oci))},"layers":[${named('"URLs"')}]}`],
    ['a letter that folds', manifest().replace('{"media', `{"url\u017f":${address},"media`)],
    ['an escaped name', manifest().replace('{"media', `{"\\u0075rls":${address},"media`)],
    ['a name said twice', manifest().replace('{', `{"config":{"urls" : ${address}},`)],
    ['manifests in capitals', manifest().replace('{', '{"MANIFESTS":[],')],
    [
      'a foreign layer',
      manifest(blob('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')),
    ],
    [
      'a layer that is not distributed',
      manifest(blob('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')),
    ],
  ])('sends nobody to an address of its own: %s', (_, text) => {
    expect(() => factsOf(text, 'x')).toThrow('x has parts that lie outside its registry')
  })

  it('may have addresses where they are only words', () => {
    const text = JSON.stringify({ ...JSON.parse(manifest(blob(gzip))), annotations: { a: 'urls' } })
    expect(factsOf(text, 'x').layers).toBe(1)
  })

  it('of environment is taken as far as it is one', () => {
    const Env = ['PATH=/bin:/usr/bin', 'EMPTY=', 'LINES=a\nb=c', 'no', '1A=x', '=x', 'N=a\0b']
    expect(environmentIn(config({ config: { Env } }), 'x')).toEqual({
      ...{ PATH: '/bin:/usr/bin', EMPTY: '', LINES: 'a\nb=c' },
    })
    expect(environmentIn(config({ config: null }), 'x')).toEqual({})
    const long = config({ config: { Env: [`A=${'x'.repeat(40_000)}`] } })
    expect(() => environmentIn(long, 'x')).toThrow(/32 KiB/)
    expect(() => environmentIn(config({ architecture: 'arm64' }), 'x')).toThrow('linux/arm64')
  })
})
