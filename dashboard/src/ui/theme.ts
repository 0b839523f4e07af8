/** Light, dark, or as the system says; remembered in this browser. */
import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const stored = 'garrison-theme'
const watchers = new Set<() => void>()
const systemDark = matchMedia('(prefers-color-scheme: dark)')

export function currentTheme(): Theme {
  const said = localStorage.getItem(stored)
  return said === 'light' || said === 'dark' ? said : 'system'
}

export function setTheme(theme: Theme) {
  if (theme === 'system') {
    localStorage.removeItem(stored)
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem(stored, theme)
    document.documentElement.dataset.theme = theme
  }
  for (const tell of watchers) tell()
}

/** What is seen; for what is drawn once and has to be drawn again. */
export const useDark = () =>
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      systemDark.addEventListener('change', tell)
      return () => {
        watchers.delete(tell)
        systemDark.removeEventListener('change', tell)
      }
    },
    () => currentTheme() === 'dark' || (currentTheme() === 'system' && systemDark.matches),
  )

export const restoreTheme = () => setTheme(currentTheme())
