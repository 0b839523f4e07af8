import { describeEngine } from '../contract.ts'
import { makeQemuWorld } from './testing/world.ts'

describeEngine('qemu', makeQemuWorld)
