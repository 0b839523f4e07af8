/** Joins class names; what is falsy is left out. */
export const cx = (...classes: readonly (string | false | null | undefined)[]) =>
  classes.filter(Boolean).join(' ')
