import { listAudit } from '../audit/routes.ts'
import { getAccount, getProfile, updateProfile } from './account.ts'
import { changeApiKey, createApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import {
  acceptInvitation,
  changePerson,
  invitePerson,
  listPeople,
  removePerson,
  resendInvitation,
} from './people.ts'

/** What is about the account itself. */
export const accountApi = {
  getAccount,
  getProfile,
  updateProfile,
  listApiKeys,
  createApiKey,
  changeApiKey,
  revokeApiKey,
  listPeople,
  invitePerson,
  acceptInvitation,
  resendInvitation,
  changePerson,
  removePerson,
  listAudit,
}
