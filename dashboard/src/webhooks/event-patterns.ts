/** Which events a webhook is told of, as they are chosen: everything, all of a subject, or one kind. */

export const everything = '*'
export const allOf = (subject: string) => `${subject}.*`
export const subjectOf = (kind: string) => kind.slice(0, kind.indexOf('.'))

/** More than this the server does not take for one webhook. */
export const mostPatterns = 50

/** Subjects in the order in which the server lists their kinds. */
export function bySubject<K extends { kind: string }>(kinds: readonly K[]): [string, K[]][] {
  const subjects = new Map<string, K[]>()
  for (const each of kinds) {
    const subject = subjectOf(each.kind)
    const its = subjects.get(subject)
    if (its === undefined) subjects.set(subject, [each])
    else its.push(each)
  }
  return [...subjects]
}

/** Chosen or not; what `subject.*` covers is chosen by it. */
export function toggled(
  patterns: readonly string[],
  pattern: string,
  on: boolean,
): readonly string[] {
  const rest = patterns.filter(
    (each) =>
      each !== pattern && !(pattern.endsWith('.*') && subjectOf(each) === subjectOf(pattern)),
  )
  return on ? [...rest, pattern] : rest
}

/** What is wrong with a choice; null when nothing is. */
export function patternsProblem(patterns: readonly string[]): string | null {
  if (patterns.length === 0) return 'Choose at least one kind of event.'
  return patterns.length > mostPatterns
    ? `Choose at most ${mostPatterns}; these are ${patterns.length}. All of a subject counts as one.`
    : null
}

/** "Everything", "snapshot.*, instance.error", "12 kinds". */
export function patternWords(patterns: readonly string[]): string {
  if (patterns.includes(everything)) return 'Everything'
  return patterns.length > 3 ? `${patterns.length} kinds` : patterns.join(', ')
}

/** What is wrong with an address, as far as a form can know; the server asks the name service. */
export function urlProblem(url: string): string | null {
  const given = url.trim()
  if (given === '') return 'An address is needed.'
  if (!URL.canParse(given) || !/^https?:\/\//i.test(given)) {
    return 'Use an address that begins with https://.'
  }
  const { username, password } = new URL(given)
  if (username !== '' || password !== '') {
    return 'Leave out user and password: receivers check the signature.'
  }
  return given.length > 2_000 ? 'Use at most 2,000 characters.' : null
}
