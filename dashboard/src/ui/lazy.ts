/**
 * Code of the dashboard that is fetched when it is first needed. While the server cannot be reached it is
 * waited for, and whatever is on the screen stays; where another version is served by now, the files of
 * this one are gone, and the page loads anew.
 */
import { lazyRouteComponent } from '@tanstack/react-router'
import type { ComponentType } from 'react'

const againMs = 1_000
/** Of a server that answers. */
const attempts = 3

/** A page, by the name that its file gives it. */
export const lazyPage = <T extends Record<K, ComponentType>, K extends string>(
  load: () => Promise<T>,
  name: K,
) => lazyRouteComponent(() => fetched(load), name)

/** What `load` imports, as soon as there is any. */
export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  for (let refused = 0; ; ) {
    try {
      return await load()
    } catch (cause) {
      const served = await servedPage()
      if (served !== null) {
        if (!served.includes(ownScript())) return reloaded()
        refused += 1
      }
      // In other words than the browser's, upon which the router would load the page anew.
      if (refused === attempts)
        throw new Error('A part of this page could not be fetched; load the page again', { cause })
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }
}

/** `null`: the server cannot be reached. */
async function servedPage(): Promise<string | null> {
  try {
    const response = await fetch('/', { cache: 'no-store' })
    return response.ok ? await response.text() : null
  } catch {
    return null
  }
}

/** The one file that the page names, after its content. */
function ownScript(): string {
  const script = document.querySelector<HTMLScriptElement>('script[type=module][src]')
  return new URL(script?.src ?? '/', location.href).pathname
}

function reloaded(): Promise<never> {
  location.reload()
  return new Promise(() => {})
}
