/** Light, dark, or as the system says; remembered in this browser. */
export type Theme = 'system' | 'light' | 'dark'

const stored = 'garrison-theme'

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
}

export const restoreTheme = () => setTheme(currentTheme())
