import { expect, test } from 'vitest'
import { run } from './run.ts'

test('a command that fails says what was run and what it complained about', async () => {
  await expect(run('sh', ['-c', 'echo no such thing >&2; exit 3'])).rejects.toThrow(
    '`sh -c echo no such thing >&2; exit 3` failed (exit code 3): no such thing',
  )
})

test('a command that is missing says so', async () => {
  await expect(run('garrison-no-such-command', [])).rejects.toThrow('ENOENT')
})

test('a batch that fails names the line that it failed at', async () => {
  await expect(
    run('sh', ['-c', 'echo "Command failed -:2" >&2; exit 1'], 'link show\nlink frobnicate\n'),
  ).rejects.toThrow('link frobnicate')
})

test('a command may leave its input unread', async () => {
  await expect(run('true', [], 'x'.repeat(1_000_000))).resolves.toBe('')
})
