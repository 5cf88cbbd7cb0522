/** The time limits that the stories check. */
import { ASSUMED } from './constants.ts'

/** 1 s in the isolate's cache entry, 2 s of max-age and 2 s of stale-while-revalidate in the cache in front, 6 s for deadlines and distances. */
export const FRESH_WITHIN_MS = 1_000 + 2_000 + 2_000 + 6_000
/** In every other story a confirmation is given only once a second, so that leases are long: of as many seconds as there are isolates, and some more. */
export const CROWDED = { confirmationsPerSecond: 1, leaseMs: 15_000 }
/** The longest time until KV has a commit: the publisher's slowest retry, a put presumed lost before it, and 10 s of slack. */
export const PUBLISHED_WITHIN_MS = 60_000 + 15_000 + 10_000
/** The cache of KV in a place, and the delay between its stores. */
export const KV_LATE_MS = ASSUMED.kvCacheMs + ASSUMED.kvPropagationMaxMs
/** For how long after a write a read by the same isolate waits for it rather than show an older revision, including the way to the object. */
export const OWN_WRITES_WITHIN_MS = 3_000

/** Guarantees of the code. Set one to false while the code does not give it: the stories then do not check it, or avoid it. */
export const GUARANTEES = {
  /** Watchers receive the end of a time-box even if it changes no value: a key that was deleted for a time and did not exist before. */
  broadcastsEmptyReverts: true,
  /** A recovery is noticed even if the object makes as many revisions as it lost before it reads KV. */
  noticesWhenOvertaken: true,
  /** Hubs receive changes after a recovery to a time before they subscribed. */
  subscribesHubsAgain: true,
  /** The object of a deleted stash has no tables left once KV and all hubs know of the deletion. */
  deletesTables: true,
}
