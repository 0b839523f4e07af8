import { Tabs } from '../ui/tabs.tsx'

export const ProfileTabs = () => (
  <Tabs
    label="Profile"
    tabs={[
      { words: 'Billing details', to: '/profile' },
      { words: 'You and signing in', to: '/profile/sign-in' },
    ]}
  />
)
