/** Ids: random, unique in the installation, never given out twice. */
import { randomInt } from 'node:crypto'
import { v7 } from 'uuid'
import type { Tx } from './database/database.ts'

/** Sorts by time; how engines and tables know things. People never see it as an id. */
export const newUuid = (): string => v7()

export const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

const digits = { fewest: 6, most: 9 }
const triesPerLength = 8

export type IdLetter = 'D' | 'S' | 'V' | 'F' | 'K' | 'C' | 'U' | 'P' | 'R' | 'W' | 'O'

/** A number of at least `from` and less than `to`. */
type Draw = (from: number, to: number) => number

/** `BRK-123456D`; longer once six digits have become rare. */
export const issuePublicId = (tx: Tx, letter: IdLetter, draw: Draw = randomInt) =>
  issue(tx, (number) => `BRK-${number}${letter}`, draw)

/** Custom images, security rules and attachments are known by a bare number. */
export const issueNumber = (tx: Tx) => issue(tx, (number) => number, randomInt)

async function issue(tx: Tx, format: (number: string) => string, draw: Draw): Promise<string> {
  for (let length = digits.fewest; length <= digits.most; length++) {
    for (let attempt = 0; attempt < triesPerLength; attempt++) {
      const id = format(String(draw(10 ** (length - 1), 10 ** length)))
      const inserted = await tx
        .insertInto('public_ids')
        .values({ id })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (inserted !== undefined) return id
    }
  }
  throw new Error('no public id is left')
}
