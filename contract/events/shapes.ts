/** Of which every kind of event is made. */
import { z } from 'zod'

export type EventShape = { readonly description: string; readonly data: z.ZodObject }

/** What every event of a state says: the state as the API shows it, and the one before, if any. */
export const stateData = { status: z.string(), previous: z.string().optional() }
/** Why, where something went wrong. */
export const reason = z.string().optional()
export const name = z.string()
export const region = z.string()

/**
 * One kind for each state, `described` by what the subject is then: a state without its sentence does not
 * compile. What is gone has no state any more, and is told as `deleted`.
 */
export function states<const Subject extends string, const State extends string>(
  subject: Subject,
  _states: readonly State[],
  described: Record<Lowercase<State>, string>,
  data: z.ZodRawShape,
) {
  const shape: z.ZodObject = z.strictObject({ ...stateData, ...data })
  return Object.fromEntries(
    Object.entries<string>(described).map(([state, description]) => [
      `${subject}.${state}`,
      { description, data: shape },
    ]),
  ) as { [Kind in `${Subject}.${Lowercase<State>}`]: EventShape }
}

export const event = (description: string, data: z.ZodRawShape): EventShape => ({
  description,
  data: z.strictObject(data),
})
