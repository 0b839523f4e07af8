/** What whoever runs the installation may look at and decide; everybody else is refused with 403. */
import { changeAccount, getOperatorAccount, grantCredits, listAccounts } from './accounts.ts'
import { drainHost, getHost, listHosts, undrainHost } from './hosts.ts'
import {
  cancelOperation,
  getAnyOperation,
  listAllOperations,
  retryOperation,
} from './operations.ts'
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
  listAllOperations,
  getAnyOperation,
  retryOperation,
  cancelOperation,
  listPrices,
  changePrice,
  withdrawPrice,
}
