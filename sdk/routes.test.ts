import { readFileSync } from 'node:fs'
import { api } from '@garrison/contract/api'
import { openApiDocument } from '@garrison/contract/openapi'
import { expect, it } from 'vitest'
import { Garrison } from './index.ts'
import { exceptions, nameOf } from './naming.ts'
import { routes } from './routes.ts'
import { routesFile } from './routes-file.ts'

const operations = Object.values(openApiDocument().paths ?? {}).flatMap((item) =>
  Object.values(item)
    .filter((operation) => operation['x-dialect'] === undefined)
    .map(({ operationId }) => operationId as string),
)

it('every operation of the API that the SDK is for has exactly one method', () => {
  const methods = Object.values(routes).flatMap((each) => Object.values(each).map(({ id }) => id))
  expect(methods.toSorted()).toEqual(operations.toSorted())
  const garrison = new Garrison({ url: 'http://nowhere' })
  for (const [namespace, named] of Object.entries(routes)) {
    for (const method of Object.keys(named)) {
      expect(garrison, `${namespace}.${method}`).toHaveProperty(
        [namespace, method],
        expect.any(Function),
      )
    }
  }
})

it('is written from the contract as it is now; otherwise run "npm run openapi"', () => {
  const written = readFileSync(new URL('routes.ts', import.meta.url), 'utf8')
  expect(written).toBe(routesFile(openApiDocument()))
})

it('finds the types of each operation by its id', () => {
  expect(operations.filter((id) => !(id in api))).toEqual([])
})

it('keeps no name for an operation that is gone', () => {
  expect(Object.keys(exceptions).filter((id) => !operations.includes(id))).toEqual([])
})

it.each([
  ['listSshKeys', '/api/ssh-keys/', 'sshKeys.list'],
  ['getSnapshotPolicy', '/api/snapshot-policies/{policy_id}/', 'policies.get'],
  ['addFirewallRule', '/api/firewalls/{firewall_id}/rules/', 'firewalls.addRule'],
  ['deployInstance', '/api/deploy/', 'instances.deploy'],
  ['replayDelivery', '/api/webhooks/{id}/deliveries/{delivery}/replay/', 'webhooks.replayDelivery'],
])('names %s by rule', (operationId, path, expected) => {
  const { namespace, method } = nameOf(operationId, path)
  expect(`${namespace}.${method}`).toBe(expected)
})

it('refuses two operations under one name', () => {
  const operation = (operationId: string) => ({ operationId, responses: {} })
  const document = {
    paths: {
      '/api/things/': { get: operation('listThings') },
      '/api/things/all/': { get: operation('listThing') },
    },
    components: { schemas: {} },
  } as unknown as ReturnType<typeof openApiDocument>
  expect(() => routesFile(document)).toThrow(
    'listThings and listThing would both be things.list: name one of them in sdk/naming.ts',
  )
})
