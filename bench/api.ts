/** The API as a client uses it, with waiting. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { GetInstanceResponse } from '@garrison/contract/instances/routes'
import type { z } from 'zod'

/** How close to the moment a change is noticed. Each look costs the server about a millisecond. */
const lookEveryMs = 5
const patienceMs = 120_000

export type Instance = z.infer<typeof GetInstanceResponse>['instance']

export class Api {
  readonly url: string
  readonly key: string

  constructor(url: string, key: string) {
    this.url = url
    this.key = key
  }

  /** The body of the answer. @throws Error with the message of the API when it refuses. */
  async request<Body>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<Body> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Api-Key ${this.key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Body & { message?: string; detail?: unknown }
    if (!response.ok) {
      const why = answer.message ?? JSON.stringify(answer.detail) ?? response.status
      throw new Error(`${method} ${path}: ${why}`)
    }
    return answer
  }

  async instance(id: string): Promise<Instance> {
    const path = `/api/instances/${id}/`
    return (await this.request<{ instance: Instance }>('GET', path)).instance
  }

  /** Answers the public id of the new instance. */
  async deploy(request: object): Promise<string> {
    const path = '/api/deploy/'
    return (await this.request<{ data: { instance_id: string } }>('POST', path, request)).data
      .instance_id
  }

  /** @throws Error when the instance gets into ERROR instead. */
  untilInstance(id: string, status: Instance['status']): Promise<Instance> {
    return until(
      () => this.instance(id),
      (instance) => {
        if (instance.status === status) return true
        if (instance.status === 'ERROR') throw new Error(`Instance ${id}: ${instance.error}`)
        return false
      },
    )
  }

  /** Deletes an instance and waits until nothing is left of it. */
  async remove(id: string): Promise<void> {
    await this.request('DELETE', `/api/instances/${id}/`)
    await until(
      () => this.instance(id),
      (instance) => instance.status === 'DELETED',
    )
  }

  /** The same for every real instance; simulated ones are nothing but rows. */
  async removeAll(): Promise<void> {
    const path = '/api/instances/?page_size=100'
    const { instances } = await this.request<{ instances: Instance[] }>('GET', path)
    const real = instances.filter((instance) => instance.simulated !== true)
    await Promise.all(real.map((instance) => this.remove(instance.instance_id)))
  }
}

/** Looks until it is as wanted. */
export async function until<T>(look: () => Promise<T>, isWanted: (value: T) => boolean) {
  const end = performance.now() + patienceMs
  for (;;) {
    const value = await look()
    if (isWanted(value)) return value
    if (performance.now() > end) {
      throw new Error(`Waited ${patienceMs / 1000} s in vain; it is now ${JSON.stringify(value)}`)
    }
    await sleep(lookEveryMs)
  }
}
