import { expect, it } from 'vitest'
import { serverArguments } from './server-process.ts'

const options = { dataDir: '/data', host: '::1', port: 8600, demo: false }

it('passes on what was asked for, and nothing else', () => {
  expect(serverArguments(options).slice(1)).toEqual(
    '--data /data --host ::1 --port 8600'.split(' '),
  )
  expect(serverArguments({ ...options, configFile: '/g.yaml', demo: true }).slice(1)).toEqual(
    '--data /data --host ::1 --port 8600 --config /g.yaml --demo'.split(' '),
  )
})
