/** How often a snapshot policy takes snapshots; the rarest last. */
export const frequencies = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type Frequency = (typeof frequencies)[number]

/** Of each, how many a policy keeps at most: about a month of hours, a year of days, ten years of the others. */
export const mostKept = {
  hourly: 720,
  daily: 366,
  weekly: 520,
  monthly: 120,
} as const satisfies Record<Frequency, number>
