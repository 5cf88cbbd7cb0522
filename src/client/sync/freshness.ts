/**
 * The status says how far the cached flags can be trusted. It is computed when `status()` is called, so that a process that
 * was suspended, or a stream that stopped a minute ago, does not look fresh.
 */

/** The two sources of updates. */
export type Source = 'stream' | 'poll'

export type Status = {
  /**
   * - `empty`: no flags were received or loaded yet; every typed read gives its default
   * - `fresh`: the service sends each change, or confirmed the flags a moment ago
   * - `behind`: last known values; the service has not confirmed them for a while, or the connection has failed since
   * - `gone`: the stash was deleted, or the service no longer knows it; last known values
   * - `closed`: `close` was called; last known values
   *
   * As OpenFeature's provider states: `empty` is NOT_READY, `fresh` READY, `behind` STALE, `gone` ERROR, `closed` NOT_READY.
   */
  state: 'empty' | 'fresh' | 'behind' | 'gone' | 'closed'
  /** null: no flags were received or loaded yet. */
  revision: number | null
  /**
   * When the state began, in ms since the epoch. For `behind`: when the service last confirmed the flags; if it has not, when
   * the client started.
   */
  since: number
  /** When the service last confirmed the flags; null: not since this process started. In ms since the epoch. */
  confirmedAt: number | null
  /** How the service last confirmed the flags; null: not since this process started. */
  via: Source | null
  /** The number of flags whose time-box has ended by the clock, and whose end the service has not sent yet. */
  reverted: number
  /** The last failure of a stream or a poll since the state was last `fresh`; null while it is `fresh`. */
  error: { message: string; at: number } | null
  /** The names of the flags that this process overrides, sorted. */
  overridden: string[]
}

export type Freshness = ReturnType<typeof createFreshness>

/**
 * @param limitsMs how long after the last confirmation the cache is `behind`
 * @param onFresh is called when the cache has just become fresh
 */
export function createFreshness(limitsMs: Record<Source, number>, onFresh: () => void) {
  const startedAt = Date.now()
  let confirmedAt: number | null = null
  let freshSince: number | null = null
  let via: Status['via'] = null
  let error: Status['error'] = null
  let end: ['gone' | 'closed', at: number] | null = null
  /** When the service first said that there is no such stash. A wrong service would say so too, so this is not final. */
  let missingSince: number | null = null

  /** A negative age means that the local clock was put back: then the real age is not known. */
  const isFresh = (now: number): boolean => {
    const age = now - (confirmedAt ?? now)
    return freshSince !== null && age >= 0 && age <= limitsMs[via ?? 'poll']
  }

  const getState = (revision: number | null): [state: Status['state'], since: number] => {
    if (end !== null) return end
    if (revision === null) return ['empty', startedAt]
    if (freshSince !== null && isFresh(Date.now())) return ['fresh', freshSince]
    if (missingSince !== null) return ['gone', missingSince]
    return ['behind', confirmedAt ?? startedAt]
  }

  return {
    /**
     * Whether a poll must confirm the cache, although there is a stream: the service returned an older revision than ours, or
     * neither the stream nor a poll has confirmed a revision since the stream began. Until then heartbeats do not confirm the
     * cache, because changes that we missed may follow them.
     */
    suspected: true,

    /** The service is alive, so it would have sent a change. This confirms the cache, unless the cache is `suspected`. */
    heartbeat(source: Source): void {
      if (this.suspected) return
      const now = Date.now()
      const wasFresh = isFresh(now)
      confirmedAt = now
      missingSince = null
      via = source
      if (wasFresh) return
      freshSince = now
      error = null
      onFresh()
    },

    /** The service has our revision as its newest, has sent a newer one, which was applied, or a change that we had. */
    confirm(source: Source): void {
      this.suspected = false
      this.heartbeat(source)
    },

    /** The stream ended, or a poll failed. The end of a stream changes nothing while polls confirm the cache. */
    disconnect(source: Source): void {
      if (source === 'poll' || via === 'stream') freshSince = null
    },

    /** @param isMissing whether the service said that there is no such stash */
    fail(message: string, isMissing: boolean): void {
      error = { message, at: Date.now() }
      if (isMissing) missingSince ??= Date.now()
    },

    /** Final, except that a client whose stash is gone can still be closed. */
    end(state: 'gone' | 'closed'): void {
      if (end?.[0] !== 'closed') end = [state, Date.now()]
    },

    toStatus({ revision, reverted, overridden }: Pick<Status, 'revision' | 'reverted' | 'overridden'>): Status {
      const [state, since] = getState(revision)
      return {
        state,
        since,
        revision,
        confirmedAt,
        via,
        reverted,
        overridden,
        error: state === 'fresh' ? null : error,
      }
    },
  }
}
