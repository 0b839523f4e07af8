import { lookOf } from '../ui/status.tsx'

type Some = { readonly instance_id: string; readonly status: string }

/**
 * The instance that the overview is about: the one that is asked for; else the one that was shown before, so
 * that no other one slides under a hand that has just pressed a button; else the one to look at first.
 */
export function chosenOf<I extends Some>(
  instances: readonly I[],
  { asked, kept }: { asked: string | undefined; kept: string | undefined },
): I | undefined {
  const by = (id: string | undefined) => instances.find(({ instance_id }) => instance_id === id)
  return by(asked) ?? by(kept) ?? best(instances)
}

/** One in trouble, else one that runs, else the newest. */
function best<I extends Some>(instances: readonly I[]): I | undefined {
  const first = (look: string) => instances.find(({ status }) => lookOf(status) === look)
  return first('problem') ?? first('running') ?? instances[0]
}
