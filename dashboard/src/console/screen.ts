/** A terminal on a page, as wide and as high as its place. */
import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'

/** Answers the terminal, and how it is taken away. */
export function createScreen(place: HTMLElement): { screen: Terminal; remove: () => void } {
  const screen = new Terminal({
    fontFamily: "'Geist Mono Variable', monospace",
    fontSize: 13,
    scrollback: 10_000,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    theme: { background: '#14181b', foreground: '#e8eaec' },
    screenReaderMode: true,
  })
  const fit = new FitAddon()
  screen.loadAddon(fit)
  screen.open(place)
  fit.fit()
  const watch = new ResizeObserver(() => fit.fit())
  watch.observe(place)
  return {
    screen,
    remove() {
      watch.disconnect()
      screen.dispose()
    },
  }
}

export const screenClass = 'h-[60dvh] min-h-72 overflow-hidden rounded-md bg-[#14181b] p-2'
