/**
 * Keeps the flag cache current: from the store, the stream, polls, the clock and overrides. It decides what an update means for
 * the cache and for its freshness, calls the listeners, and saves to the store. Failures are reported, and never thrown to a
 * caller of the client; `update` throws to the follower, which then ends the stream or counts the poll as failed.
 */
import { createClock } from './clock.ts'
import { parseStored, serializeStored } from './stored-state.ts'
import { isStashId } from './flag-update.ts'
import { createFlagCache, type Changes, type FlagCache, type Reading } from './flag-cache.ts'
import { NoAnswerError, RefusedError } from '../requests/errors.ts'
import { startOverrides } from '../overrides.ts'
import type { Options } from '../options.ts'
import { change as sendChange, type ChangeOptions } from '../requests/change.ts'
import { createReporter, toMessage } from '../reporter.ts'
import { createPersister } from './persister.ts'
import { createFollower, TIMING, type FollowerHost } from './follow.ts'
import { createTimer, withTimeout } from '../timers.ts'
import { createFreshness, type Status } from './freshness.ts'

/**
 * If a time-box ends by the clock, or an override of this process changes, `revision` is the last one that the service has sent;
 * 0 if it has not sent any.
 */
export type FlagChanges = { revision: number; changes: Changes }
type Listener = (changes: FlagChanges) => void

/** A correction of the clock by more than this is saved at once; a smaller one is saved with the next update of the flags. */
const CLOCK_MOVED_MS = 2_000
/** How long `close` waits for the store. */
const CLOSE_MS = 2_000

export type FlagSync = ReturnType<typeof createFlagSync>

export function createFlagSync(options: Options) {
  const { stash: givenStash, service, store, follow, override } = options
  const timing = { ...TIMING, ...options.timing }
  const reporter = createReporter(options.report)
  const clock = createClock()
  const cache = createFlagCache(() => clock.now(), service && `${service}.`)
  const limitsMs = { stream: timing.silenceMs, poll: 2 * timing.pollMs + timing.deadlineMs }
  const freshness = createFreshness(limitsMs, () => {
    reporter.recover()
    checkSettled()
  })
  const { prefix } = cache
  const stop = new AbortController()
  const { signal } = stop
  const listeners = new Set<Listener>()
  /** The callers that wait for a state which does not pass by itself. */
  const waiters = new Set<() => void>()
  /** Fires at the end of a time-box. Not without `follow`, because a Worker has no timers between requests. */
  const endTimer = follow === false ? null : createTimer(announce)
  let storedOffsetMs = 0
  let saving: Promise<void> | undefined

  const status = (): Status => freshness.toStatus(cache)
  const isFresh = (): boolean => status().state === 'fresh'
  const isSettled = (): boolean => !['empty', 'behind'].includes(status().state)
  const reportStore = (cause: unknown): void => reporter.reportCause('store', cause)
  const slug = isStashId(givenStash) ? undefined : givenStash
  const getOwner = () => ({ stash: host.stash, slug, service })
  const serialize = (): string => serializeStored(getOwner(), cache, clock.toStored())
  const persist = store && createPersister(store, serialize, reportStore, signal)

  function save(): void {
    storedOffsetMs = clock.toStored()?.offsetMs ?? 0
    saving = persist?.()
  }

  /** Must be called after each event that can settle the state. */
  function checkSettled(): void {
    if (waiters.size > 0 && isSettled()) for (const end of waiters) end()
  }

  /** Announces what has changed, also by the clock or by an override, and sets the timer for the next end of a time-box. */
  function announce(): void {
    const now = clock.now()
    const changes = cache.takeChanges()
    endTimer?.set(cache.getNextEnd(now) - now)
    for (const [key, value] of changes) if (value === null) reporter.addDeleted(key)
    if (changes.size === 0) return
    const revision = cache.revision ?? 0
    for (const listener of listeners) {
      try {
        // Each listener gets a copy, because it may change the map.
        listener({ revision, changes: new Map(changes) })
      } catch (cause) {
        reporter.reportCause('listener', cause)
      }
    }
  }

  function end(state: 'gone' | 'closed'): void {
    freshness.end(state)
    stop.abort()
    checkSettled()
  }

  const host: FollowerHost & { stash: string; cache: FlagCache } = {
    stash: givenStash,
    cache,
    freshness,
    update(update, via) {
      if (signal.aborted) return
      if (update.type === 'gone') return end('gone')
      if (update.type === 'snapshot') host.stash = update.stash ?? host.stash
      const verdict = cache.apply(update)
      if (verdict === 'gap') throw new NoAnswerError('The stream left out a change.')
      if (verdict === 'older') {
        freshness.suspected = true
        freshness.disconnect('poll')
        throw new NoAnswerError(`The answer is of revision ${update.revision}.`)
      }
      freshness.confirm(via)
      announce()
      if (verdict === 'applied') save()
    },
    heartbeat() {
      freshness.heartbeat('stream')
    },
    confirmed(revision) {
      if (revision === cache.revision && !signal.aborted) freshness.confirm('poll')
    },
    responded(headers, sentAt) {
      clock.synchronize(headers, sentAt)
      announce()
      const movedMs = (clock.toStored()?.offsetMs ?? 0) - storedOffsetMs
      if (Math.abs(movedMs) > CLOCK_MOVED_MS && cache.revision !== null) save()
    },
    failed(cause) {
      if (signal.aborted) return
      freshness.fail(toMessage(cause), cause instanceof RefusedError && cause.code === 'stash_not_found')
      checkSettled()
      reporter.reportFailure(cause)
    },
  }

  async function load(): Promise<void> {
    try {
      const text = (await store?.load()) ?? null
      if (text !== null) {
        const { snapshot, clock: storedClock, flaw } = parseStored(text, getOwner())
        host.stash = snapshot.stash
        if (storedClock !== null) {
          clock.restore(storedClock)
          storedOffsetMs = storedClock.offsetMs
        }
        cache.apply(snapshot)
        if (flaw !== null) reportStore(new NoAnswerError(flaw))
      }
    } catch (cause) {
      reportStore(cause)
    }
    announce()
  }

  let loaded: Promise<void> | undefined
  // The first overrides are announced after the store was loaded, so that a listener that is added right after `connect` is told.
  const endOverrides = startOverrides(
    override,
    cache,
    (message) => reporter.report({ kind: 'override', message }),
    () => loaded && announce(),
  )
  loaded = load()
  const { run, poll } = createFollower(options, timing, host, signal)
  if (follow !== false) void run(loaded)

  const change = async (method: 'PUT' | 'DELETE' | 'PATCH', path: string, value: unknown, given: ChangeOptions) => {
    const changed = await sendChange(options, method, path, value, given)
    const { revision, held } = changed
    // Read your writes: if the cache has an earlier revision than this, polls for it once, for at most a second.
    if (revision !== null && held === null && revision > (cache.revision ?? -1)) await poll(revision, 1_000)
    return changed
  }

  return {
    /** For `Details`. */
    prefix,
    mismatch: reporter.reportMismatch,
    read(name: string): Reading {
      const reading = cache.read(name)
      if (reading.rules === undefined) reporter.reportMissing(name, isFresh)
      return reading
    },

    all: () => cache.collect((_, name) => cache.read(name).text),
    status,
    /** For a caller that shows more than the client does: the id of the stash, time-boxes, the time of the service. */
    host,
    clock,

    watch(listener: Listener): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Resolves when the state is `fresh`, `gone` or `closed`, or after `deadlineMs`. Keeps the process alive until then. */
    async ready(deadlineMs: number): Promise<Status> {
      if (!isSettled()) {
        let settle!: () => void
        await withTimeout(deadlineMs, new Promise<void>((resolve) => waiters.add((settle = resolve))))
        waiters.delete(settle)
      }
      return status()
    },

    /** Polls once, unless the cache is fresh and was confirmed within `maxAgeMs`, or the client has ended. */
    async refresh({
      maxAgeMs = 1_000,
      deadlineMs = 1_000,
    }: {
      maxAgeMs?: number
      deadlineMs?: number
    }): Promise<Status> {
      announce()
      const isRecent = isFresh() && Date.now() - (status().confirmedAt ?? 0) <= maxAgeMs
      // The store must be loaded first, so that it cannot replace the answer. A slow store uses up the deadline.
      if (!isRecent && !signal.aborted)
        await withTimeout(
          deadlineMs,
          loaded.then(() => poll(undefined, deadlineMs)),
        )
      return status()
    },

    changeItem: (method: 'PUT' | 'DELETE', name: string, value: unknown, given: ChangeOptions) =>
      change(method, `/item/${host.stash}/${encodeURIComponent(prefix + name)}`, value, given),

    changeFlags(changes: Record<string, string | null>, given: ChangeOptions) {
      const byKey = Object.entries(changes).map(([name, value]) => [prefix + name, value])
      return change('PATCH', `/stash/${host.stash}/flags`, Object.fromEntries(byKey), given)
    },

    async close(): Promise<void> {
      end('closed')
      endTimer?.stop()
      endOverrides()
      listeners.clear()
      if (saving !== undefined) await withTimeout(CLOSE_MS, saving)
    },
  }
}
