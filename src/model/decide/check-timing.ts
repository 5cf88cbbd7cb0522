/** Whether a change can happen at the time, and for the time, that it asks for. */
import { DURATION_MAX_MS, formatDuration } from '../duration.ts'
import type { Held } from '../held.ts'
import type { Edit } from '../intent.ts'
import { ok, refuse, type Result } from '../refusal.ts'

/** @param release the held change that is released: the time of a schedule has come, so it is not refused as past */
export function checkTiming({ at, forMs }: Edit, release: Held | null, now: number): Result<null> {
  if (at !== undefined && release?.kind !== 'schedule') {
    if (at <= now) return refuse({ code: 'time_past', at, now })
    if (at - now > DURATION_MAX_MS) return refuse({ code: 'time_too_far', at, at_most: now + DURATION_MAX_MS })
  }
  if (forMs !== undefined && !(forMs > 0 && forMs <= DURATION_MAX_MS)) {
    return refuse({ code: 'invalid_query', parameter: 'for', expected: `at most ${formatDuration(DURATION_MAX_MS)}` })
  }
  return ok(null)
}
