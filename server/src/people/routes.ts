import * as contract from '@garrison/contract/accounts/people'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { PeopleService } from './service.ts'
import { personAnswer } from './view.ts'

type Deps = { db: Database; clock: Clock; write: Write; people: PeopleService }

export function peopleRoutes(app: App, { db, clock, write, people }: Deps) {
  app.openapi(contract.listPeople, async (c) => {
    const caller = callerOf(c)
    const rows = await people.list(db, caller)
    return c.json(
      {
        ...envelope(c, 'People retrieved successfully'),
        people: rows.map((person) => personAnswer(person, caller, clock.now())),
        count: rows.length,
        limit: contract.peoplePerAccount,
      },
      200,
    )
  })

  app.openapi(contract.invitePerson, (c) =>
    write(c, async (tx, caller) => {
      const person = await people.invite(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, `Invitation sent to ${person.email}`),
        person: personAnswer(person, caller, clock.now()),
      }
    }),
  )

  app.openapi(contract.acceptInvitation, (c) =>
    write(c, async (tx, caller) => {
      const { person, account } = await people.accept(tx, caller, c.req.valid('json').token)
      return {
        ...envelope(c, `You belong to ${account.name}`),
        account,
        person: { ...personAnswer(person, caller, clock.now()), current: true },
      }
    }),
  )

  app.openapi(contract.resendInvitation, (c) =>
    write(c, async (tx, caller) => {
      const person = await people.resend(tx, caller, c.req.valid('param').person_id)
      return {
        ...envelope(c, `Invitation sent to ${person.email}`),
        person: personAnswer(person, caller, clock.now()),
      }
    }),
  )

  app.openapi(contract.changePerson, (c) =>
    write(c, async (tx, caller) => {
      const { person_id } = c.req.valid('param')
      const person = await people.change(tx, caller, person_id, c.req.valid('json'))
      return {
        ...envelope(c, 'Person updated successfully'),
        person: personAnswer(person, caller, clock.now()),
      }
    }),
  )

  app.openapi(contract.removePerson, (c) =>
    write(c, async (tx, caller) => {
      const { id, email } = await people.remove(tx, caller, c.req.valid('param').person_id)
      return {
        ...envelope(c, `${email ?? 'The person'} does not belong to the account any more`),
        person_id: id,
      }
    }),
  )
}
