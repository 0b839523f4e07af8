/** Days that usage can be narrowed to. */
export const periods = ['7', '30', '365'] as const
export type Period = (typeof periods)[number]
