import { Tabs } from '../ui/tabs.tsx'

export const SnapshotTabs = () => (
  <Tabs
    label="Snapshots"
    tabs={[
      { to: '/snapshots', words: 'Snapshots' },
      { to: '/snapshots/policies', words: 'Policies' },
    ]}
  />
)
