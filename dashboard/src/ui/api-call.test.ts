import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { curlOf, listCall, shellWord } from './api-call.tsx'

/** What a shell makes of it, word by word. */
const words = (line: string) =>
  execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${line}`], {
    env: { ...process.env, GARRISON_API_KEY: 'brk_1', WHO: 'me' },
    encoding: 'utf8',
  })
    .split('\0')
    .slice(0, -1)

it('comes through a shell as it is meant, whatever is in it', () => {
  const body = { question: 'What\'s that? $WHO `id` "\\' }
  expect(
    words(curlOf({ method: 'POST', path: '/api/things/?a=1&b=x y', body }, 'http://here')),
  ).toEqual([
    ...['-X', 'POST', 'http://here/api/things/?a=1&b=x y'],
    ...['-H', 'Authorization: Api-Key brk_1', '-H', 'Content-Type: application/json'],
    ...['-d', JSON.stringify(body)],
  ])
})

it('lets a shell fill in a body that is a text', () => {
  const call = { method: 'POST', path: '/', body: '{"name":"$WHO"}' }
  expect(words(curlOf(call, 'http://here')).at(-1)).toBe('{"name":"me"}')
})

it('quotes a word only where it needs to', () => {
  expect(['web-1', 'my web', "it's"].map(shellWord)).toEqual(['web-1', "'my web'", "'it'\\''s'"])
})

it('narrows a list as the page does, by command as far as that can', () => {
  const query = { search: 'my web', region: '', page: 2 }
  expect(
    listCall('/api/volumes/', query, {
      command: 'garrison volume list',
      flags: ['region', 'search'],
    }),
  ).toEqual({
    ...{ method: 'GET', path: '/api/volumes/?search=my+web&page=2' },
    command: "garrison volume list --search 'my web'",
  })
})
