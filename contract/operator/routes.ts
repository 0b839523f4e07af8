/** What whoever runs the installation may look at and decide; everybody else is refused with 403. */
import { changePrice, listPrices, withdrawPrice } from './prices.ts'

export const operatorApi = { listPrices, changePrice, withdrawPrice }
