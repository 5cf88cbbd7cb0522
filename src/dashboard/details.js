/**
 * Who, why, until when, what waits, the rules: read after each change and each reconnect, by whoever has a token. Whatever
 * cannot be read is tried again, less and less often, and the page says so meanwhile; nothing here may stop it for good.
 */
import { call, isTokenOver, Refused } from './call.js'
import { bind, lastChange, store, tell, told } from './store.js'

/** @typedef {import('./store.js').Bound} Bound */
/** @typedef {import('./store.js').Entry} Entry */

const HELD_EVERY_MS = 5_000
const PAUSE_MS = { first: 1_000, most: 30_000 }
const PAGE = 50
/** Most that the service lists at once. */
const HELD_PAGE = 500

let running = /** @type {Bound | null} */ (null)
let looking = /** @type {Bound | null} */ (null)
let again = false
let failures = 0
/** Look-ups that failed in a row; the rest of the details may be fine meanwhile. */
let misses = 0
let retry = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined)

/** Changes that come while it runs are one more run after it. */
export async function refresh() {
  again = true
  // A run for a stash that was left, or a token that was given up, holds nobody up.
  if (running !== null && isOpen(running)) return
  const bound = (running = bind())
  clearTimeout(retry)
  try {
    while (again && isOpen(bound)) {
      again = false
      await readAll(bound)
    }
  } finally {
    if (running === bound) running = null
  }
  if (isOpen(bound)) void lookUpOlder()
}

async function readAll(/** @type {Bound} */ bound) {
  const { stash, token } = bound
  const parts = [refreshFacts(bound)]
  if (token !== null) parts.push(refreshItems(bound), refreshGuards(bound), refreshHeld(), refreshHistory(bound))
  const ends = await Promise.allSettled(parts)
  if (!isOpen(bound)) return
  const lost = ends.some((end) => end.status === 'rejected' && !isSettled(end.reason))
  store.detailsLostAt = lost ? (store.detailsLostAt ?? Date.now()) : null
  failures = lost ? failures + 1 : 0
  if (lost) tryLater(stash, failures)
  tell('change')
}

function tryLater(/** @type {string} */ stash, /** @type {number} */ times) {
  if (['missing', 'gone'].includes(store.link.state)) return
  clearTimeout(retry)
  retry = setTimeout(
    () => store.stash === stash && void refresh(),
    Math.min(PAUSE_MS.first * 2 ** (times - 1), PAUSE_MS.most),
  )
}

/** What another try would not change: this token may not see it. */
const isSettled = (/** @type {unknown} */ fault) =>
  isTokenOver(fault) || (fault instanceof Refused && fault.code === 'not_permitted')

/** An answer for a stash that was left, or a token that was given up, is no news. */
const isOpen = (/** @type {Bound} */ { stash, token }) => stash === store.stash && token === store.token

async function refreshFacts(/** @type {Bound} */ { stash }) {
  const query = store.revision > 0 ? { min_revision: store.revision } : {}
  const { body } = await call('GET', `/stash/${stash}`, { query })
  if (stash === store.stash) store.facts = body
}

/** Once, and after a snapshot: then the stream keeps versions up to date. */
async function refreshItems(/** @type {Bound} */ bound) {
  if ([...store.flags.keys()].every((key) => store.items.has(key)) && store.revision !== -1) return
  const { body } = await bound.ask('GET', bound.under('/items'))
  if (!isOpen(bound)) return
  for (const { key, version, content_type: type } of body.items) {
    const { version: known = 0 } = store.items.get(key) ?? {}
    store.items.set(key, { version: Math.max(known, version), type })
  }
}

async function refreshGuards(/** @type {Bound} */ bound) {
  const { body } = await bound.ask('GET', bound.under('/guards'))
  if (isOpen(bound))
    store.guards = new Map(
      body.guards.map((/** @type {import('./shapes.d.ts').Guard & { key: string }} */ guard) => [guard.key, guard]),
    )
}

async function refreshHeld() {
  const bound = bind()
  const { revision } = store
  const held = []
  let freezeReason = /** @type {string | null} */ (null)
  for (let after = 0; ;) {
    const { body } = await bound.ask('GET', bound.under('/held'), { query: { limit: HELD_PAGE, after } })
    if (!isOpen(bound)) return
    held.push(...body.held)
    freezeReason = body.freeze?.reason ?? null
    if (body.next === null) break
    after = body.next
  }
  if (revision < store.heldAt) return
  store.held = held
  store.freezeReason = freezeReason
  store.heldAt = revision
  tell('change')
}

/** What waits has changed without a revision; where it cannot be read, the rest of the details is due, too. */
export function lookAtHeld() {
  if (store.token !== null) refreshHeld().catch(refresh)
}

async function refreshHistory(/** @type {Bound} */ bound) {
  const { body } = await bound.ask('GET', bound.under('/history'), { query: { limit: PAGE } })
  if (!isOpen(bound)) return
  const newest = Math.max(-1, ...store.entries.keys())
  const overlaps = body.entries.some((/** @type {Entry} */ { revision }) => revision <= newest)
  // More has happened than one page holds: what is in between would be missing.
  if (!overlaps) store.entries = new Map()
  if (!overlaps) store.before = body.next
  for (const entry of body.entries) store.entries.set(entry.revision, entry)
  tell('change')
}

/** Who last changed what the page of history does not reach: a switch after the other, as long as there is nothing newer to read. */
async function lookUpOlder() {
  const bound = bind()
  if ((looking !== null && isOpen(looking)) || bound.token === null) return
  looking = bound
  let known = 0
  try {
    for (const key of store.flags.keys()) {
      if (lastChange(key) !== undefined) continue
      const entry = await findChange(bound, key)
      // Whoever is running starts it again at the end.
      if (running !== null || !isOpen(bound)) return
      store.older.set(key, entry)
      // Each draws all the cards.
      if (++known % 10 === 0) tell('change')
    }
    misses = 0
  } catch (fault) {
    if (isOpen(bound) && !isSettled(fault)) tryLater(bound.stash, ++misses)
  } finally {
    if (looking === bound) looking = null
    tell('change')
  }
}

/** How many entries are looked through for one that wrote the switch: first the newest, and seldom more. */
const OLDER_PAGES = [1, 10, 50]

/**
 * The newest entry that wrote this switch. What else an answer holds (the switch was guarded; an older service goes by keys
 * that the token does not reach) says nothing of its value.
 */
async function findChange(/** @type {Bound} */ bound, /** @type {string} */ key) {
  let before = /** @type {number | undefined} */ (undefined)
  for (const limit of OLDER_PAGES) {
    const { body } = await bound.ask('GET', bound.under('/history'), { query: { key, limit, before } })
    const entries = /** @type {Entry[]} */ (body.entries)
    const entry = entries.find(({ changes }) => changes.some((change) => change.key === key))
    if (entry !== undefined || typeof body.next !== 'number') return entry ?? null
    before = body.next
  }
  return null
}

export async function readOlder() {
  const bound = bind()
  if (store.before === null) return
  const { body } = await bound.ask('GET', bound.under('/history'), { query: { limit: PAGE, before: store.before } })
  if (!isOpen(bound)) return
  for (const entry of body.entries) store.entries.set(entry.revision, entry)
  store.before = body.next
  tell('change')
}

told.addEventListener('due', () => void refresh())
// History was here before the switches were: which of them it does not reach is known only now.
told.addEventListener('flags', (event) => {
  const { first } = /** @type {CustomEvent} */ (event).detail
  if (first && store.entries.size > 0) tell('due')
})
setInterval(() => {
  if (document.visibilityState === 'visible' && store.link.state === 'live') lookAtHeld()
}, HELD_EVERY_MS)
