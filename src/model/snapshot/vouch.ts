/**
 * The object's answer to "which revision is the present state?": the revision; null where the stash was deleted; NO_STORAGE
 * where the object has neither tables nor the mark of a deletion. Then its storage was lost, the stash was never created, or it
 * was deleted by a version that left no mark. KV's copy shows whether the storage was lost.
 */
export type Vouch = number | null

/** A number, because readers of the version before handle numbers and null only: they take it for a revision below all others. */
export const NO_STORAGE = -1
