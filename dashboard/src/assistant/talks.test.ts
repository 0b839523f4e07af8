import { describe, expect, it } from 'vitest'
import { type Answered, carried, kept, spent, type Talk, talksFrom, titleOf } from './talks.ts'

const answer = (change: Partial<Answered> = {}): Answered => ({
  role: 'assistant',
  content: 'Two.',
  model: 'm',
  tokens: 50,
  cost: 0.00001,
  end: 'whole',
  problem: null,
  proposals: [],
  ...change,
})
const question = { role: 'user' as const, content: 'How many run?' }
const talk = (change: Partial<Talk> = {}): Talk => ({
  id: '1',
  title: 'How many run?',
  at: '2026-01-10T09:00:00Z',
  messages: [question, answer()],
  ...change,
})
const proposal = { method: 'POST' as const, path: '/api/x/', body: null, summary: 'Does x' }

describe('what a model is sent', () => {
  it('is what was said, with what became of its proposals', () => {
    const proposals = [
      { ...proposal, sent: { ok: true, words: 'Started' } },
      { ...proposal, path: '/api/y/', sent: null },
    ]
    expect(carried([question, answer({ proposals })])).toEqual([
      question,
      {
        role: 'assistant',
        content:
          'Two.\n\n[Proposed: POST /api/x/. Sent; Started]\n\n[Proposed: POST /api/y/. Not sent yet]',
      },
    ])
  })

  it('leaves out answers that never came, and begins with a question', () => {
    const failed = answer({ content: '', end: 'failed' })
    expect(carried([question, failed, question])).toEqual([question, question])
    const long = Array.from({ length: 30 }, () => [question, answer()]).flat()
    expect(carried([...long, question])[0]).toEqual(question)
    expect(carried([...long, question]).length).toBeLessThanOrEqual(40)
  })
})

describe('what is kept', () => {
  it('is the youngest, within what a browser gives', () => {
    const many = Array.from({ length: 60 }, (_, index) =>
      talk({ id: String(index), at: new Date(index * 1000).toISOString() }),
    )
    expect(kept(many).map(({ id }) => id)).toEqual(
      Array.from({ length: 50 }, (_, index) => String(59 - index)),
    )
    const large = talk({ messages: [{ role: 'user', content: 'x'.repeat(1_500_000) }] })
    expect(kept([large, { ...large, id: '2' }])).toHaveLength(1)
  })

  it('is read back, an answer that was going on as one that was stopped', () => {
    const [read] = talksFrom(JSON.stringify([talk({ messages: [answer({ end: 'going' })] })]))
    expect(read?.messages[0]).toMatchObject({ end: 'stopped' })
  })

  it('is nothing where something else is there', () => {
    for (const text of [null, '', '{', '{}', '[1, null, {"id": 1}]']) {
      expect(talksFrom(text)).toEqual([])
    }
  })
})

it('adds up what a conversation cost', () => {
  const { tokens, cost } = spent(talk({ messages: [question, answer(), question, answer()] }))
  expect(tokens).toBe(100)
  expect(cost).toBeCloseTo(0.00002)
})

it('names a conversation by its first question', () => {
  expect(titleOf(' How many?\nAnd why? ')).toBe('How many?')
  expect(titleOf('x'.repeat(80))).toHaveLength(60)
})
