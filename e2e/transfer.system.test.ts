/** A disk that goes back in time, and one that moves from one installation to another, with curl. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@garrison/engines/qemu/network/run'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

let here: TestServer
let there: TestServer
let instanceId: string
let snapshotPath: string

async function keyOn(server: TestServer): Promise<string> {
  const key = { name: 'laptop', public_key: server.publicKey }
  return (await server.post('/api/ssh-keys/', key)).body.ssh_key.id
}

beforeAll(async () => {
  here = await TestServer.start()
  there = await TestServer.start()
  const { body } = await here.post('/api/deploy/', {
    vm_name: 'web-1',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [await keyOn(here)],
  })
  instanceId = body.data.instance_id
})
afterAll(async () => {
  await here?.dispose()
  await there?.dispose()
})

it('a machine goes back to its snapshot and stays itself, and can be brought forward again', async () => {
  const before = await here.readyInstance(instanceId)
  await here.ssh(
    before,
    'echo first > /root/first; head -c 5000000 /dev/urandom > /root/noise; sync',
  )
  const identity = 'cat /etc/machine-id; sha256sum /root/noise'
  const known = await here.ssh(before, identity)
  const taken = await here.post('/api/snapshots/', { instance_id: instanceId, name: 'before' })
  snapshotPath = `/api/snapshots/${taken.body.snapshot.id}/`
  await here.until(snapshotPath, ({ body }) => body.snapshot.status === 'SUCCESS')
  await here.ssh(before, 'echo second > /root/second; rm /root/first; sync')

  const path = `/api/instances/${instanceId}/rollback/`
  const back = await here.post(path, {
    snapshot_id: taken.body.snapshot.id,
    snapshot_first: 'present',
    force: true,
  })
  expect(back).toMatchObject({ status: 200, body: { status: 'RESTORING' } })
  const after = await here.readyInstance(instanceId)
  expect(after.ip_address).toBe(before.ip_address)
  expect(await here.ssh(after, identity)).toBe(known)
  expect(await here.ssh(after, 'cat /root/first; cat /root/second 2>/dev/null || true')).toBe(
    'first',
  )

  await here.post(path, { snapshot_id: back.body.snapshot_first_id, force: true })
  const forward = await here.readyInstance(instanceId)
  expect(await here.ssh(forward, 'cat /root/second; ls /root')).toMatch(/^second\nnoise\nsecond$/)
})

it('a snapshot is exported, broken off and resumed on both ways, and boots on another installation', async () => {
  await here.post(`${snapshotPath}export/`)
  const { body } = await here.until(
    `${snapshotPath}export/`,
    (answer) => answer.body.export.status !== 'CREATING',
  )
  const { manifest, download_path, error } = body.export
  expect(error).toBeNull()
  const [{ size_bytes, sha256 }] = manifest.files

  const file = join(here.dataDir, 'downloaded.qcow2')
  await here.curl(download_path, '-r', '0-1234567', '-o', file)
  expect(statSync(file).size).toBe(1_234_568)
  await here.curl(download_path, '-C', '-', '-o', file)
  expect(await run('sha256sum', [file])).toMatch(sha256)
  const info = JSON.parse(await run('qemu-img', ['info', '--output=json', file]))
  expect(info).not.toHaveProperty('backing-filename')

  const announced = await there.post('/api/snapshots/import/', {
    manifest,
    region: 'LOCAL-1',
    name: 'moved',
    ssh_key_ids: [await keyOn(there)],
  })
  expect(announced, JSON.stringify(announced.body)).toMatchObject({ status: 200 })
  const imported = `/api/snapshots/${announced.body.snapshot.id}/`
  const { upload_path } = announced.body.import
  const part = join(here.dataDir, 'part.qcow2')
  writeFileSync(part, readFileSync(file).subarray(0, 1_000_000))
  await there.curl(upload_path, '-H', `Content-Range: bytes 0-999999/${size_bytes}`, '-T', part)
  await there.kill()
  await there.launch()
  const { received_bytes } = (await there.get(`${imported}import/`)).body.import
  expect(received_bytes).toBe(1_000_000)
  await there.curl(upload_path, '-C', String(received_bytes), '-T', file)
  const settled = await there.until(
    imported,
    (answer) => answer.body.snapshot.status !== 'CREATING',
  )
  expect(settled.body.snapshot).toMatchObject({ status: 'SUCCESS', error: null })

  const restored = await there.post(`${imported}restore/`, { new_vm_name: 'web-1' })
  const moved = await there.readyInstance(restored.body.data.instance_id)
  const read = 'cat /root/first; sha256sum < /root/noise'
  const original = await here.readyInstance(instanceId)
  expect(await there.ssh(moved, read)).toBe(
    `first\n${await here.ssh(original, 'sha256sum < /root/noise')}`,
  )
})

it('a file that was changed on the way is refused, and nothing of it stays', async () => {
  const { manifest } = (await here.get(`${snapshotPath}export/`)).body.export
  const file = join(here.dataDir, 'downloaded.qcow2')
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  const changed = join(here.dataDir, 'changed.qcow2')
  writeFileSync(changed, bytes)
  const announced = await there.post('/api/snapshots/import/', {
    ...{ manifest, region: 'LOCAL-1', name: 'changed' },
  })
  await there.curl(announced.body.import.upload_path, '-T', changed)
  const path = `/api/snapshots/${announced.body.snapshot.id}/`
  const { body } = await there.until(path, (answer) => answer.body.snapshot.status !== 'CREATING')
  expect(body.snapshot).toMatchObject({
    status: 'ERROR',
    error: expect.stringMatching(/SHA-256/),
  })
})

it('no file is left on either side once everything is deleted', async () => {
  for (const server of [here, there]) {
    const { body: machines } = await server.get('/api/instances/')
    for (const { instance_id } of machines.instances)
      await server.delete(`/api/instances/${instance_id}/`)
    await server.settled()
    for (const { id } of (await server.get('/api/snapshots/')).body.snapshots)
      await server.delete(`/api/snapshots/${id}/`)
    await server.settled()
    expect(await server.leftovers()).toEqual([])
  }
})
