/** What whoever runs the installation may look at and decide; everybody else is refused with 403. */
import { drainHost, getHost, listHosts, undrainHost } from './hosts.ts'
import { changePrice, listPrices, withdrawPrice } from './prices.ts'

export const operatorApi = {
  listHosts,
  getHost,
  drainHost,
  undrainHost,
  listPrices,
  changePrice,
  withdrawPrice,
}
