/** A clock that stands still until a test moves it. The engines' own, so that one clock moves both. */
export { ManualClock } from '@garrison/engines/simulated/manual-clock'
