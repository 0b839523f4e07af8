import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { Outlet } from '@tanstack/react-router'
import { useMe } from '../shell/session.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'

/** The server refuses everybody else; this says it before anything is asked for. */
export function OperatorsOnly() {
  const reason = whyNotAllowed(useMe().role, 'installation.operate')
  if (reason === null) return <Outlet />
  return (
    <Page guide="operating" title="For operators">
      <Notice>{reason}.</Notice>
    </Page>
  )
}
