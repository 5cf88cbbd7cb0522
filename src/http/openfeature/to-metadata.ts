/** The metadata of a flag, for OpenFeature and flagd. */
import type { Flag } from '../../model/snapshot/snapshot.ts'
import { toIsoTime } from '../response/time.ts'

export type FlagMetadata = { version: number; until?: string; reverted?: true }

/** A time-boxed flag has `until`, the end of its value; a flag that was reverted by the clock has `reverted`. */
export const toMetadata = ({ version, until, reverted }: Flag): FlagMetadata => ({
  version,
  ...(until !== undefined && { until: toIsoTime(until) }),
  ...(reverted && { reverted }),
})
