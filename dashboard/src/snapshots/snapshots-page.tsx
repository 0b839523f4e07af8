import { Page } from '../ui/page.tsx'

export function SnapshotsPage() {
  return (
    <Page title="Snapshots" guide="snapshots">
      {null}
    </Page>
  )
}
