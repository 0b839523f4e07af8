/** One change to one instance, and what it comes to. */
import type { Garrison } from '@garrison/sdk'
import type { Cloud } from '../../cloud/cloud.ts'
import { settle, type WaitOption } from '../../cloud/settle.ts'
import { idOf } from '../../cloud/things.ts'

const saying = {
  start: ['Starting', 'is started'],
  stop: ['Stopping', 'is stopped'],
  reboot: ['Rebooting', 'has rebooted'],
  hibernate: ['Hibernating', 'is hibernated'],
  restore: ['Waking', 'is awake'],
  rollback: ['Rolling back', 'is rolled back'],
  delete: ['Deleting', 'is deleted'],
} as const
type Action = keyof typeof saying

type Begun = { instance_id: string; vm_name: string; status: string }
type Instances = Garrison['instances']
/** What differs between the actions is what they are told. */
type Act = (id: string, input?: object) => Promise<Begun>

export async function actOn(
  cloud: Cloud,
  action: Action,
  name: string,
  { wait = true }: WaitOption,
  input?: object,
) {
  const { garrison, terminal, json } = cloud
  const id = await idOf(cloud, 'instance', name)
  const act: Act = (garrison.instances as unknown as Record<keyof Instances, Act>)[action]
  const begun = await (input === undefined ? act(id) : act(id, input))
  const [doing, done] = saying[action]
  if (wait) await settle(cloud, id, `${doing} ${begun.vm_name}`)
  if (json) {
    terminal.printJson(wait ? (await garrison.instances.get(id)).instance : begun)
  } else {
    terminal.print(wait ? `${begun.vm_name} ${done}.` : `${begun.vm_name} is ${begun.status}.`)
  }
}
