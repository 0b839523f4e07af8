import { expect, it } from 'vitest'
import { fakeTerminal } from '../fake-terminal.testing.ts'
import { printStatus, type Status } from './status.ts'

const ready: Status = {
  running: true,
  ready: true,
  version: '0.1.0',
  data: '/var/lib/garrison',
  url: 'http://127.0.0.1:8600',
  pid: 4711,
  uptime_s: 7800,
  checks: {
    database: { ok: true, detail: 'PostgreSQL answers' },
    engines: { ok: true, detail: 'LOCAL-1 answers' },
    guest_image: { ok: true, detail: 'garrison-small is built' },
    disk: { ok: true, detail: 'There is room on the disk of the data folder' },
  },
  machines: { ACTIVE: 3, SHUTOFF: 1 },
  microvms: { running: 4 },
  left_running: null,
  disk: { used_bytes: 1_200_000_000, free_bytes: 80_000_000_000 },
}

function printed(found: Status) {
  const { terminal, output, errors } = fakeTerminal()
  printStatus(terminal, found)
  return { lines: output().trimEnd().split('\n'), errors: errors() }
}

it('says how everything is, a line for each', () => {
  expect(printed(ready).lines).toEqual([
    'Server    running · http://127.0.0.1:8600 · up 2 h 10 min · process 4711',
    'Version   0.1.0',
    'Database  PostgreSQL answers',
    'Engines   LOCAL-1 answers',
    'Image     garrison-small is built',
    'Disk      There is room on the disk of the data folder',
    'Machines  3 ACTIVE, 1 SHUTOFF',
    'MicroVMs  4 running',
    'Data      /var/lib/garrison · 1.2 GB used, 80.0 GB free',
  ])
})

it('marks what is not well', () => {
  const database = { ok: false, detail: 'cannot reach PostgreSQL' }
  const checks = ready.checks && { ...ready.checks, database }
  const { lines } = printed({ ...ready, ready: false, checks })
  expect(lines[0]).toMatch(/^Server +running, not ready · /)
  expect(lines).toContain('Database  ✗ cannot reach PostgreSQL')
})

const gone: Status = {
  ...ready,
  running: false,
  ready: false,
  url: null,
  pid: null,
  uptime_s: null,
  checks: null,
  machines: null,
  microvms: null,
  disk: null,
}

it('says how to start what does not run', () => {
  const { lines, errors } = printed(gone)
  expect(lines).toEqual(['Server   not running', 'Version  0.1.0', 'Data     /var/lib/garrison'])
  expect(errors).toBe('Start it with: ./garrison up\n')
})

it('says what runs although the server does not', () => {
  const left_running = { database: true, machines: 1, microvms: 2 }
  const { lines, errors } = printed({ ...gone, left_running })
  expect(lines).toEqual([
    'Server    not running',
    'Version   0.1.0',
    'Database  runs without the server',
    'Machines  1 runs without the server',
    'MicroVMs  2 run without the server',
    'Data      /var/lib/garrison',
  ])
  expect(errors).toBe('Start it with: ./garrison up; it takes over what runs\n')
})
