/** Percent of a cap at which people are told, in order. At the last one, machines are hibernated. */
export const budgetThresholds = [50, 80, 100] as const
