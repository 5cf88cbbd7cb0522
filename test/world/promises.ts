/** What the stories hold the code to. */

/** Memory 1 s, then the cache: 5 s and 5 s more while it fetches; deadlines and distances on the way. */
export const FRESH_WITHIN_MS = 1_000 + 5_000 + 5_000 + 6_000
/** The longest that KV may be away from a publisher's view: its slowest retry, and a put presumed lost before. */
export const PUBLISHED_WITHIN_MS = 60_000 + 15_000 + 10_000
/** KV's own caches, in a place, and between its stores. */
export const KV_LATE_MS = 60_000 + 10_000
/** For how long after a write a read by the same isolate rather waits than shows what was before; and the way there. */
export const OWN_WRITES_WITHIN_MS = 3_000

/** What it does not keep yet: a story does not ask for that, or does not get there. */
export const PROMISED = {
  /** Watchers are told also of the end of a time-box that changes nothing: of a key that was taken away, and was not there before. */
  tellsOfEmptyEnds: true,
  /** A recovery is noticed also where the object has made as many revisions anew before it looks at KV. */
  noticesWhenOvertaken: true,
  /** After a recovery to before they joined, hubs are told of changes as before. */
  findsHubsAgain: true,
  /** A deleted stash leaves nothing in its object, once KV and all hubs know. */
  forgetsDeleted: true,
}
