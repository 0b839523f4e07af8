/**
 * What the operator does at the machine itself, without a key: accounts, keys, stopping all machines, taking
 * everything off the host. It works on the database, whether or not a server runs on the data folder.
 */
export {
  createAccount,
  createKey,
  listAccounts,
  listKeys,
  makeSignInLink,
  revokeKey,
} from './admin/accounts.ts'
export { grantCredits, refundOrder } from './admin/credits.ts'
export { leftRunning, stopDatabase, stopMachines } from './admin/running.ts'
export { uninstall, whatIsLeft } from './admin/uninstall.ts'
