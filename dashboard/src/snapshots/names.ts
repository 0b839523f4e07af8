/** Names that are proposed, within what a name may have. */

export const mostSigns = 50

/** `web-1` and `-restored` make `web-1-restored`; a long name gives way to its ending. */
export const withEnding = (name: string, ending: string) =>
  name.slice(0, mostSigns - ending.length).trimEnd() + ending
