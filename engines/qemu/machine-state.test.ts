import { expect, test } from 'vitest'
import { afterShutdown, stateOfRunning, stateOfStopped } from './machine-state.ts'

const on = { state: 'on' } as const
const stopped = { state: 'off', reason: 'requested', clean: true } as const

test('a machine that should run and has no process died', () => {
  const state = stateOfStopped('m', on, 'Aborted')
  expect(state).toMatchObject({ status: 'stopped', reason: 'died', guestUp: false })
  expect(state.detail).toContain('Aborted')
})

test('a machine that was cut off says so', () => {
  const state = stateOfStopped('m', { ...stopped, clean: false }, '')
  expect(state).toMatchObject({ reason: 'requested', detail: expect.stringMatching(/cut off/) })
})

test('a guest that shut down by itself did it by itself', () => {
  expect(afterShutdown(on)).toEqual({ state: 'off', reason: 'guest', clean: true })
})

test('a guest that shut down when asked did what was asked', () => {
  expect(afterShutdown(stopped)).toEqual(stopped)
})

test('a machine whose guest has shut down is stopped before its process is ended', () => {
  expect(stateOfRunning('m', 'shutdown', on, true)).toEqual({
    id: 'm',
    status: 'stopped',
    reason: 'guest',
    guestUp: false,
  })
})

test('a machine whose guest is not up says why, where that is known', () => {
  const state = stateOfRunning(
    'm',
    'running',
    on,
    false,
    'The guest did not become another machine',
  )
  expect(state).toMatchObject({
    status: 'running',
    guestUp: false,
    detail: expect.stringMatching(/become another/),
  })
})

test('a paused machine is not taken for dead', () => {
  const state = stateOfRunning('m', 'io-error', on, true)
  expect(state).toMatchObject({ status: 'unknown', detail: expect.stringMatching(/make room/) })
})
