import { Tabs } from '../ui/tabs.tsx'

export const MicrovmTabs = () => (
  <Tabs
    label="MicroVMs"
    tabs={[
      { to: '/microvms', words: 'MicroVMs' },
      { to: '/microvms/snapshots', words: 'Snapshots' },
      { to: '/microvms/shares', words: 'Shares' },
    ]}
  />
)
