import { execFileSync } from 'node:child_process'
import { argon2Sync } from 'node:crypto'
import { expect, it } from 'vitest'
import { hashJupyterPassword, jupyterSetup, jupyterUrl, multipart, setupBefore } from './jupyter.ts'

const HASH = 'argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdA$aGFzaA'

it('hashes a password in the form that Jupyter reads', async () => {
  const hash = await hashJupyterPassword('correct horse')
  const form = /^argon2:\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/
  const [, m, t, p, salt = '', digest = ''] = form.exec(hash) ?? []
  const again = argon2Sync('argon2id', {
    message: 'correct horse',
    nonce: Buffer.from(salt, 'base64'),
    ...{ memory: Number(m), passes: Number(t), parallelism: Number(p), tagLength: 32 },
  })
  expect(digest).toBe(again.toString('base64').replace(/=+$/, ''))
})

it('hashes the same password differently each time', async () => {
  const [one, two] = await Promise.all(['secret12', 'secret12'].map((p) => hashJupyterPassword(p)))
  expect(one).not.toBe(two)
})

/** The setup would write to /etc: here to a variable's folder. */
const elsewhere = (script: string) => script.replaceAll('/etc/jupyter', '"$TMP_JUPYTER"')

it('runs the own script after the setup, whatever it is written in', () => {
  const own = `#!${process.execPath}\nconsole.log("it's me")\nprocess.exitCode = 0\n`
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim()
  const env = { ...process.env, TMP_JUPYTER: folder }
  const script = elsewhere(setupBefore(jupyterSetup(HASH), own))
  expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })).toBe("it's me\n")
  const file = `${folder}/jupyter_server_config.d/garrison.json`
  const settings = JSON.parse(execFileSync('cat', [file], { encoding: 'utf8' }))
  expect(settings.ServerApp).toMatchObject({ password: HASH, ip: '0.0.0.0', port: 8888 })
  expect(settings.PasswordIdentityProvider).toEqual({ hashed_password: HASH })
  execFileSync('rm', ['-r', folder])
})

it('sends cloud-config along as a part of its own', () => {
  const message = multipart(jupyterSetup(HASH), '#cloud-config\nruncmd: [ls]\n')
  const boundary = /boundary="(.*)"/.exec(message)?.[1] ?? ''
  const parts = message.split(`--${boundary}`)
  expect(parts).toHaveLength(4)
  expect(parts[1]).toContain('Content-Type: text/x-shellscript')
  expect(parts[2]).toContain('Content-Type: text/cloud-config')
  const content = Buffer.from(parts[2]?.split('\n\n')[1] ?? '', 'base64').toString()
  expect(content).toBe('#cloud-config\nruncmd: [ls]\n')
})

it('is reached on port 8888', () => {
  expect(jupyterUrl('192.0.2.1')).toBe('http://192.0.2.1:8888')
})
