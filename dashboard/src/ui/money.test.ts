import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { moneyIn } from './money.tsx'

const markup = (amounts: readonly number[]) => {
  const write = moneyIn('USD', amounts)
  return amounts.map((amount) => renderToStaticMarkup(write(amount)))
}

it('amounts of a column keep room for the decimals that others have', () => {
  expect(markup([1.19, 0.03])).toEqual(['<span style="padding-right:2ch">$1.19</span>', '$0.0300'])
})

it('amounts with as many decimals as one another stand at the edge', () => {
  expect(markup([1.19, 1_800])).toEqual(['$1.19', '$1,800.00'])
})
