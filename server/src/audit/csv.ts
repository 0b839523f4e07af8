/** Rows as comma-separated values (RFC 4180), safe to open in a spreadsheet. */

/** What a spreadsheet would take for a formula is kept from being one. */
const asText = (value: string) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)

const quoted = (value: string) =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value

export const csvLine = (cells: readonly (string | null)[]) =>
  `${cells.map((cell) => quoted(asText(cell ?? ''))).join(',')}\r\n`
