import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'
import { type Period, periods } from './periods.ts'

export type AssistantSearch = {
  /** Id of a conversation, which only this browser knows. */
  talk?: string | undefined
}
export type UsageSearch = {
  page?: number | undefined
  model?: string | undefined
  days?: Period | undefined
}

export const assistantRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/assistant',
    staticData: { words: 'Assistant' },
    validateSearch: ({ talk }): AssistantSearch => ({ talk: textOf(talk) }),
    component: lazyPage(() => import('./assistant-page.tsx'), 'AssistantPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/assistant/usage',
    staticData: {
      words: 'Usage of the assistant',
      under: { to: '/assistant', words: 'Assistant' },
    },
    validateSearch: ({ page, model, days }): UsageSearch => ({
      page: pageOf(page),
      model: textOf(model),
      days: periods.find((each) => each === String(days)),
    }),
    component: lazyPage(() => import('./usage-page.tsx'), 'UsagePage'),
  }),
] as const
