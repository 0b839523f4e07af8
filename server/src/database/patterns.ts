/** A pattern for `ilike` that finds the text as it is, whatever signs it holds. */
export const containing = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
