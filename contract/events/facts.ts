/**
 * What tells a stream on which nothing happens from one that is dead: whoever follows hears of this event
 * when nothing else has come for a while. It means nothing else, and is no kind of event.
 */
export const aliveEvent = 'alive'
/** So long after whatever came last. Whoever hears nothing for twice as long should connect again. */
export const aliveSeconds = 15
