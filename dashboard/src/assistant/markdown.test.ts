import { describe, expect, it } from 'vitest'
import { blocksOf, piecesOf } from './markdown.ts'

describe('blocks of an answer', () => {
  it('are told apart', () => {
    const text = [
      '## Machines',
      'Two of them run.',
      'Both are small.',
      '',
      '- web-1',
      '  - its disk',
      '- web-2',
      '',
      '> Mind the cost.',
      '---',
      '1. stop',
      '2. delete',
    ].join('\n')
    expect(blocksOf(text)).toMatchObject([
      { kind: 'heading', text: 'Machines' },
      { kind: 'paragraph', text: 'Two of them run.\nBoth are small.' },
      {
        kind: 'list',
        items: [
          { text: 'web-1', depth: 0, number: null },
          { text: 'its disk', depth: 1, number: null },
          { text: 'web-2', depth: 0, number: null },
        ],
      },
      { kind: 'quote', text: 'Mind the cost.' },
      { kind: 'line' },
      {
        kind: 'list',
        items: [
          { text: 'stop', depth: 0, number: 1 },
          { text: 'delete', depth: 0, number: 2 },
        ],
      },
    ])
  })

  it('keep code as it is, also while it is still being written', () => {
    expect(blocksOf('```sh\nls -l | wc\n# not a heading\n```\nDone')).toMatchObject([
      { kind: 'code', text: 'ls -l | wc\n# not a heading', language: 'sh' },
      { kind: 'paragraph', text: 'Done' },
    ])
    expect(blocksOf('```\ncurl')).toMatchObject([{ kind: 'code', text: 'curl', language: '' }])
  })

  it('make tables of rows that fit their head', () => {
    expect(blocksOf('| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 |')).toMatchObject([
      {
        kind: 'table',
        head: ['a', 'b'],
        rows: [{ cells: ['1', '2'] }, { cells: ['3', ''] }],
      },
    ])
  })

  it('end with the text, whatever it is', () => {
    for (const text of [
      '',
      '\n\n',
      '|',
      '|\n-',
      '- ',
      '>',
      '#',
      '```',
      '*',
      '1.',
      '| a |\n|---|',
    ]) {
      expect(Array.isArray(blocksOf(text))).toBe(true)
    }
  })
})

describe('what tells them apart', () => {
  const text = '# A\n- b `c` *d*\n- e\n\n|f|g|\n|-|-|\n|h|i|\n|j|k|\n\n```\nl\n```\nm'
  const ofAll = (written: string) =>
    blocksOf(written).map((block) => [
      block.at,
      ...(block.kind === 'list' ? block.items.map(({ at }) => at) : []),
      ...(block.kind === 'table' ? block.rows.map(({ at }) => at) : []),
    ])

  it('is never the same twice', () => {
    const blocks = blocksOf(text)
    expect(new Set(blocks.map(({ at }) => at)).size).toBe(blocks.length)
    const pieces = piecesOf('a `b` **c** d')
    expect(new Set(pieces.map(({ at }) => at)).size).toBe(pieces.length)
  })

  it('stays when lines are added', () => {
    const lines = text.split('\n')
    const whole = ofAll(text)
    for (let count = 6; count <= lines.length; count++) {
      const begun = ofAll(lines.slice(0, count).join('\n'))
      for (const [index, known] of begun.entries())
        expect(whole[index]?.slice(0, known.length), `${count} lines`).toEqual(known)
    }
  })
})

describe('pieces of a line', () => {
  it('are told apart', () => {
    expect(piecesOf('Use `rm *.log` with **care**, *please*: [docs](/docs)')).toMatchObject([
      { kind: 'text', text: 'Use ' },
      { kind: 'code', text: 'rm *.log' },
      { kind: 'text', text: ' with ' },
      { kind: 'strong', text: 'care' },
      { kind: 'text', text: ', ' },
      { kind: 'emphasis', text: 'please' },
      { kind: 'text', text: ': ' },
      { kind: 'link', text: 'docs', to: '/docs' },
    ])
  })

  it('leave names and sums alone', () => {
    for (const text of ['instance_id and vm_name', '2 * 3 * 4', 'a ** b']) {
      expect(piecesOf(text)).toMatchObject([{ kind: 'text', text }])
    }
  })

  it('never link to a script, another host without its protocol, or HTML', () => {
    for (const text of [
      '[x](javascript:alert(1))',
      '[x](data:text/html,y)',
      '[x](//evil.example)',
      '[x](/\\evil.example)',
      '<a href="/x">',
      '<script>alert(1)</script>',
    ]) {
      expect(piecesOf(text).filter(({ kind }) => kind === 'link')).toEqual([])
    }
  })

  it('find addresses in the text, without the full stop behind them', () => {
    expect(piecesOf('See https://example.org/a.')).toMatchObject([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://example.org/a', to: 'https://example.org/a' },
      { kind: 'text', text: '.' },
    ])
  })
})
