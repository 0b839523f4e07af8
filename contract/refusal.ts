/** The sentence for an action that a state forbids: in the API's 400, and on a disabled button. */
export function refusal(noun: string, allowed: readonly string[], verb: string, status: string) {
  return `${noun} must be ${allowed.join(' or ')} to ${verb}; it is ${status}`
}
