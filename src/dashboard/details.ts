/**
 * Reads who, why, until when, what waits and the guards: after each change and each reconnect, if there is a token. What
 * cannot be read is tried again, less and less often, and the page says so meanwhile. No failure may end this for good.
 */
import { API } from './api.ts'
import { callApi, isTokenEnded } from './call.ts'
import { RefusedError } from '../client/errors.ts'
import { emit, on } from './events.ts'
import { currentSession, findLastChange, isCurrent, store, type Session } from './store.ts'
import type { GuardList, HeldChange, HeldList, History, HistoryEntry, ItemList, StashFacts } from './answer-types.ts'

const HELD_EVERY_MS = 5_000
const PAUSE_MS = { first: 1_000, most: 30_000 }
const HISTORY_PAGE = 50
/** The most that the service lists at once. */
const HELD_PAGE = 500

/** The session of the run that is under way. */
let refreshing: Session | null = null
/** The session whose older changes are being looked up. */
let lookingUp: Session | null = null
/** Whether something changed after the run that is under way had begun. */
let isStale = false
let failures = 0
/** Failed look-ups in a row. They are counted apart: the rest of the details may be read meanwhile. */
let lookUpFailures = 0
let retry: ReturnType<typeof setTimeout> | undefined

/** Changes that come during a run lead to one more run after it. */
export async function refresh(): Promise<void> {
  isStale = true
  // A run of another session delays no one: its answers are dropped.
  if (refreshing !== null && isCurrent(refreshing)) return
  const session = (refreshing = currentSession())
  clearTimeout(retry)
  try {
    while (isStale && isCurrent(session)) {
      isStale = false
      await readAll(session)
    }
  } finally {
    if (refreshing === session) refreshing = null
  }
  if (isCurrent(session)) void lookUpOlder()
}

async function readAll(session: Session): Promise<void> {
  const parts = [readFacts(session)]
  if (session.token !== null) {
    parts.push(readItems(session), readGuards(session), readHeld(), readHistory(session))
  }
  const results = await Promise.allSettled(parts)
  if (!isCurrent(session)) return
  const isLost = results.some((result) => result.status === 'rejected' && !isFinal(result.reason))
  store.detailsLostAt = isLost ? (store.detailsLostAt ?? Date.now()) : null
  failures = isLost ? failures + 1 : 0
  if (isLost) retryLater(session.stash, failures)
  emit('change', null)
}

function retryLater(stash: string, times: number): void {
  if (store.link.state === 'missing' || store.link.state === 'gone') return
  clearTimeout(retry)
  retry = setTimeout(
    () => store.stash === stash && void refresh(),
    Math.min(PAUSE_MS.first * 2 ** (times - 1), PAUSE_MS.most),
  )
}

/** Whether another try would be refused as well, because the token may not read it. */
const isFinal = (error: unknown): boolean =>
  isTokenEnded(error) || (error instanceof RefusedError && error.code === 'not_permitted')

/** Without the token: the stash's facts are public. */
async function readFacts({ stash }: Session): Promise<void> {
  const query = store.revision > 0 ? { min_revision: store.revision } : {}
  const { body } = await callApi<StashFacts>(API, 'GET', `/stash/${stash}`, { query })
  if (stash === store.stash) store.facts = body
}

/** Once, and after a snapshot. Then the stream keeps the versions up to date. */
async function readItems(session: Session): Promise<void> {
  if ([...store.flags.keys()].every((key) => store.items.has(key)) && store.revision !== -1) return
  const { body } = await session.call<ItemList>('GET', session.path('/items'))
  if (!isCurrent(session)) return
  for (const { key, version, content_type: type } of body.items) {
    const { version: known = 0 } = store.items.get(key) ?? {}
    store.items.set(key, { version: Math.max(known, version), type })
  }
}

async function readGuards(session: Session): Promise<void> {
  const { body } = await session.call<GuardList>('GET', session.path('/guards'))
  if (isCurrent(session)) store.guards = new Map(body.guards.map((guard) => [guard.key, guard]))
}

async function readHeld(): Promise<void> {
  const session = currentSession()
  const { revision } = store
  const held: HeldChange[] = []
  let freezeReason: string | null = null
  for (let after: number | null = 0; after !== null;) {
    const page: HeldList = await readHeldPage(session, after)
    if (!isCurrent(session)) return
    held.push(...page.held)
    freezeReason = page.freeze?.reason ?? null
    after = page.next
  }
  if (revision < store.heldAt) return
  store.held = held
  store.freezeReason = freezeReason
  store.heldAt = revision
  emit('change', null)
}

async function readHeldPage(session: Session, after: number): Promise<HeldList> {
  const { body } = await session.call<HeldList>('GET', session.path('/held'), { query: { limit: HELD_PAGE, after } })
  return body
}

/** For what changes without a revision. If it cannot be read, all details are read again, with retries. */
export function refreshHeld(): void {
  if (store.token !== null) readHeld().catch(refresh)
}

async function readHistory(session: Session): Promise<void> {
  const { body } = await session.call<History>('GET', session.path('/history'), { query: { limit: HISTORY_PAGE } })
  if (!isCurrent(session)) return
  const newest = Math.max(-1, ...store.entries.keys())
  const overlaps = body.entries.some(({ revision }) => revision <= newest)
  // There were more changes than one page holds: history would have a gap.
  if (!overlaps) store.entries = new Map()
  if (!overlaps) store.before = body.next
  addEntries(body)
}

export async function readOlderHistory(): Promise<void> {
  const session = currentSession()
  if (store.before === null) return
  const query = { limit: HISTORY_PAGE, before: store.before }
  const { body } = await session.call<History>('GET', session.path('/history'), { query })
  if (!isCurrent(session)) return
  store.before = body.next
  addEntries(body)
}

function addEntries({ entries }: History): void {
  for (const entry of entries) store.entries.set(entry.revision, entry)
  emit('change', null)
}

/** Looks up the last changes of flags that the page of history does not reach: one by one, while nothing newer has to be read. */
async function lookUpOlder(): Promise<void> {
  const session = currentSession()
  if ((lookingUp !== null && isCurrent(lookingUp)) || session.token === null) return
  lookingUp = session
  let found = 0
  try {
    for (const key of store.flags.keys()) {
      if (findLastChange(key) !== undefined) continue
      const entry = await readLastChange(session, key)
      // A run that has begun meanwhile starts this again at its end.
      if (refreshing !== null || !isCurrent(session)) return
      store.older.set(key, entry)
      // Not for each: every `change` draws all cards.
      if (++found % 10 === 0) emit('change', null)
    }
    lookUpFailures = 0
  } catch (error) {
    if (isCurrent(session) && !isFinal(error)) retryLater(session.stash, ++lookUpFailures)
  } finally {
    if (lookingUp === session) lookingUp = null
    emit('change', null)
  }
}

/** How many entries are read in search of one that wrote the flag: most often the first is it. */
const LOOK_UP_PAGES = [1, 10, 50]

/**
 * The newest entry that wrote this flag, or null. Entries that only set its guard, and those of an older service for keys
 * that the token does not reach, say nothing of its value.
 */
async function readLastChange(session: Session, key: string): Promise<HistoryEntry | null> {
  let before: number | undefined
  for (const limit of LOOK_UP_PAGES) {
    const query = { key, limit, before }
    const { body } = await session.call<History>('GET', session.path('/history'), { query })
    const entry = body.entries.find(({ changes }) => changes.some((change) => change.key === key))
    if (entry !== undefined || typeof body.next !== 'number') return entry ?? null
    before = body.next
  }
  return null
}

on('stale', () => void refresh())
// The details may be read before the first values are there: only then is known which changes to look up. A run that is under
// way does it at its end.
on('flags', ({ first }) => {
  if (first && refreshing === null) void lookUpOlder()
})
setInterval(() => {
  if (document.visibilityState === 'visible' && store.link.state === 'live') refreshHeld()
}, HELD_EVERY_MS)
