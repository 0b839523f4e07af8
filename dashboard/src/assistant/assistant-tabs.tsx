import { Tabs } from '../ui/tabs.tsx'

export const AssistantTabs = () => (
  <Tabs
    label="Assistant"
    tabs={[
      { words: 'Conversation', to: '/assistant' },
      { words: 'Usage', to: '/assistant/usage' },
    ]}
  />
)
