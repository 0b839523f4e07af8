/** What this browser keeps of somebody's words: until they delete it, or sign out. */
const prefix = 'garrison-talks-'

export const keptUnder = (account: string) => `${prefix}${account}`

export function forgetKept() {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(prefix)) localStorage.removeItem(key)
  }
}
