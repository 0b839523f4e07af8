import { expect, it } from 'vitest'
import { serverArguments } from './server-process.ts'

const options = { dataDir: '/data', host: '::1', port: 8600, demo: false, without: [] }

it('passes on what was asked for, and nothing else', () => {
  expect(serverArguments(options).slice(1)).toEqual(
    '--data /data --host ::1 --port 8600'.split(' '),
  )
  const all = { ...options, configFile: '/g.yaml', demo: true, without: ['A-1', 'B-1'] }
  expect(serverArguments(all).slice(1)).toEqual(
    '--data /data --host ::1 --port 8600 --config /g.yaml --demo --without A-1 --without B-1'.split(
      ' ',
    ),
  )
})
