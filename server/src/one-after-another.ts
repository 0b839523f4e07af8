/** Tries each, so that one that fails holds up no other; throws what went wrong first, after all. */
export async function oneAfterAnother<T>(
  things: readonly T[],
  act: (thing: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = []
  for (const thing of things) {
    await act(thing).catch((error: unknown) => {
      failures.push(error)
    })
  }
  if (failures.length > 0) throw failures[0]
}
