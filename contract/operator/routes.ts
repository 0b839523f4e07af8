/** What whoever runs the installation may look at and decide; everybody else is refused with 403. */
import { changeAccount, getOperatorAccount, grantCredits, listAccounts } from './accounts.ts'
import { drainHost, getHost, listHosts, undrainHost } from './hosts.ts'
import { changePrice, listPrices, withdrawPrice } from './prices.ts'

export const operatorApi = {
  listHosts,
  getHost,
  drainHost,
  undrainHost,
  listAccounts,
  getOperatorAccount,
  changeAccount,
  grantCredits,
  listPrices,
  changePrice,
  withdrawPrice,
}
