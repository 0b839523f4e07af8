import { expect, it } from 'vitest'
import { compileGuide, sectionsOf } from './compile.ts'
import { type Guide, guides } from './guides.ts'
import { marked, search } from './search.ts'

const guide = (name: Guide['name']) => guides.find((each) => each.name === name) as Guide
const all = [
  {
    guide: guide('resize-volume'),
    sections: sectionsOf(
      compileGuide('A volume *grows*.\n\n## On the machine\n\nSee `resize2fs`.'),
    ),
  },
  {
    guide: guide('hibernation'),
    sections: sectionsOf(
      compileGuide('It sleeps.\n\n## What is kept\n\n- Memory\n- Volumes go on.'),
    ),
  },
]
const namesOf = (asked: string) => search(asked, all).map(({ guide: { name } }) => name)

it('finds titles first, and what stands in the text', () => {
  expect(namesOf('VOLUME')).toEqual(['resize-volume', 'hibernation'])
  expect(namesOf('resize2fs')).toEqual(['resize-volume'])
  expect(namesOf('memory kept')).toEqual(['hibernation'])
})

it('wants every word, and finds nothing for none', () => {
  expect(namesOf('volume nowhere')).toEqual([])
  expect(namesOf('  ')).toEqual([])
})

it('leads to the section', () => {
  expect(search('resize2fs', all)[0]).toMatchObject({
    id: 'on-the-machine',
    heading: 'On the machine',
    excerpt: 'See resize2fs.',
  })
  expect(search('volumes go', all)[0]).toMatchObject({ excerpt: 'Memory Volumes go on.' })
})

it('marks what was asked for, whatever it has in it', () => {
  expect(marked('A (small) disk', '(SMALL)')).toEqual([
    { text: 'A ', hit: false },
    { text: '(small)', hit: true },
    { text: ' disk', hit: false },
  ])
})
