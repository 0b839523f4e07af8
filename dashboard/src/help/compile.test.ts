import { expect, it } from 'vitest'
import { compileGuide } from './compile.ts'

it('makes data of a text', () => {
  expect(
    compileGuide('One `a & b` [two](/volumes) *four*.\n\n## What is it?\n\n```\ngarrison\n```'),
  ).toEqual([
    {
      tag: 'p',
      children: [
        'One ',
        { tag: 'code', children: ['a & b'] },
        ' ',
        { tag: 'a', href: '/volumes', children: ['two'] },
        ' ',
        { tag: 'em', children: ['four'] },
        '.',
      ],
    },
    { tag: 'h2', id: 'what-is-it', children: ['What is it?'] },
    { tag: 'code-block', text: 'garrison' },
  ])
})

it('refuses what has no place in a guide', () => {
  expect(() => compileGuide('# Title')).toThrow('heading')
  expect(() => compileGuide('![picture](a.png)')).toThrow('image')
  expect(() => compileGuide('<script>alert(1)</script>')).toThrow('html')
})
