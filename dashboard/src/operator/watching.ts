/**
 * How often these pages ask, in milliseconds. Events tell an account of what is its own; what others do
 * comes to no stream, so that an operator's pages look for themselves.
 */
export const watching = 5_000
