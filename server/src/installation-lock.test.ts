import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { newUuid } from './ids.ts'
import { lockInstallation, StartedElsewhere } from './installation-lock.ts'

it('is for one folder at a time, and says which', async () => {
  const id = newUuid()
  const lock = await lockInstallation(id, '/var/lib/original')
  const second = lockInstallation(id, '/tmp/copy')
  await expect(second).rejects.toThrow(StartedElsewhere)
  await expect(second).rejects.toThrow(
    `/tmp/copy is a copy of a data folder that is in use: process ${process.pid} uses /var/lib/original`,
  )
  await lock.release()
  await (await lockInstallation(id, '/tmp/copy')).release()
})

it('does not keep installations from each other', async () => {
  const locks = await Promise.all(['/a', '/b'].map((dir) => lockInstallation(newUuid(), dir)))
  for (const lock of locks) await lock.release()
})

it('ends with its process, however that ends', async () => {
  const id = newUuid()
  const script = `import { lockInstallation } from ${JSON.stringify(import.meta.resolve('./installation-lock.ts'))}
    await lockInstallation(${JSON.stringify(id)}, '/killed'); console.log('held'); setInterval(() => {}, 1000)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(other.stdout, 'data')
  await expect(lockInstallation(id, '/next')).rejects.toThrow(`process ${other.pid} uses /killed`)
  other.kill('SIGKILL')
  await once(other, 'exit')
  await (await lockInstallation(id, '/next')).release()
})
