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
    expect(blocksOf(text)).toEqual([
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
    expect(blocksOf('```sh\nls -l | wc\n# not a heading\n```\nDone')).toEqual([
      { kind: 'code', text: 'ls -l | wc\n# not a heading', language: 'sh' },
      { kind: 'paragraph', text: 'Done' },
    ])
    expect(blocksOf('```\ncurl')).toEqual([{ kind: 'code', text: 'curl', language: '' }])
  })

  it('make tables of rows that fit their head', () => {
    expect(blocksOf('| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 |')).toEqual([
      {
        kind: 'table',
        head: ['a', 'b'],
        rows: [
          ['1', '2'],
          ['3', ''],
        ],
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

describe('pieces of a line', () => {
  it('are told apart', () => {
    expect(piecesOf('Use `rm *.log` with **care**, *please*: [docs](/docs)')).toEqual([
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
      expect(piecesOf(text)).toEqual([{ kind: 'text', text }])
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
    expect(piecesOf('See https://example.org/a.')).toEqual([
      { kind: 'text', text: 'See ' },
      { kind: 'link', text: 'https://example.org/a', to: 'https://example.org/a' },
      { kind: 'text', text: '.' },
    ])
  })
})
