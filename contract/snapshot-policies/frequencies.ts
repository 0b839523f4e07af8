/** How often a snapshot policy takes snapshots; the rarest last. */
export const frequencies = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type Frequency = (typeof frequencies)[number]
