/** Every page there is. Each area brings its own routes; pages load when they are first gone to. */
import { createRouter } from '@tanstack/react-router'
import { apiKeyRoutes } from './api-keys/routes.ts'
import { assistantRoutes } from './assistant/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { billingRoutes } from './billing/routes.ts'
import { cliLoginRoutes } from './cli-login/routes.ts'
import { consoleRoutes } from './console/routes.ts'
import { creditRoutes } from './credits/routes.ts'
import { deployRoutes } from './deploy/routes.ts'
import { deployRequestRoutes } from './deploy-requests/routes.ts'
import { firewallRoutes } from './firewalls/routes.ts'
import { helpRoutes } from './help/routes.ts'
import { hibernatedRoutes } from './hibernated/routes.ts'
import { imageRoutes } from './images/routes.ts'
import { instance, instanceList, instanceTabs } from './instances/routes.ts'
import { microvmRoutes } from './microvms/routes.ts'
import { operationRoutes } from './operations/routes.ts'
import { operatorRoutes } from './operator/routes.ts'
import { overviewRoutes } from './overview/routes.ts'
import { peopleRoutes } from './people/routes.ts'
import { profileRoutes } from './profile/routes.ts'
import { scriptRoutes } from './scripts/routes.ts'
import { Broken } from './shell/failures.tsx'
import { missing, root, shell } from './shell/route.tsx'
import { signInRoutes } from './sign-in/routes.ts'
import { policyRoutes } from './snapshot-policies/routes.ts'
import { snapshotRoutes } from './snapshots/routes.ts'
import { sshKeyRoutes } from './ssh-keys/routes.ts'
import { volumeRoutes } from './volumes/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

const tree = root.addChildren([
  ...signInRoutes,
  ...helpRoutes,
  shell.addChildren([
    ...overviewRoutes,
    ...cliLoginRoutes,
    ...deployRoutes,
    ...deployRequestRoutes,
    instanceList,
    instance.addChildren([...instanceTabs, ...consoleRoutes]),
    ...microvmRoutes,
    ...hibernatedRoutes,
    ...imageRoutes,
    ...scriptRoutes,
    ...sshKeyRoutes,
    ...volumeRoutes,
    ...snapshotRoutes,
    ...policyRoutes,
    ...firewallRoutes,
    ...operationRoutes,
    ...billingRoutes,
    ...creditRoutes,
    ...apiKeyRoutes,
    ...profileRoutes,
    ...peopleRoutes,
    ...auditRoutes,
    ...webhookRoutes,
    ...assistantRoutes,
    ...operatorRoutes,
    missing,
  ]),
])

export const router = createRouter({
  routeTree: tree,
  // The frame around a page that breaks stays.
  defaultErrorComponent: Broken,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
