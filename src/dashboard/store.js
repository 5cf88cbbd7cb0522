/**
 * What the page knows of one stash, and how it came to know it. Values come from the stream alone, so that they are as fresh
 * as it says; who, why and until when are asked for after each change, by whoever has a token.
 */
import { call, Lost, Refused } from './call.js'
import { watch } from './stream.js'

/** @typedef {{ revision: number, at: string, kind: string, who: string, reason: string | null, changes: { key: string, before: string | null, after: string | null }[], [detail: string]: any }} Entry */
/** @typedef {{ held_id: string, kind: 'link' | 'approval' | 'schedule' | 'revert', keys: string[], change: any, made_by: string, made_at: string, reason: string | null, due_at: string | null, expires_at: string | null, [fact: string]: any }} Held */

const HELD_EVERY_MS = 15_000
/** So long a write of ours may be unknown to the stream before the page says that it is behind. */
const BEHIND_AFTER_MS = 2_000
const PAGE = 50
/** Switches whose last change is older than what was read of history are asked for one by one; so many at most. */
const LOOKED_UP_MAX = 40

const nothing = () => ({
  facts: /** @type {any} */ (null),
  flags: /** @type {Map<string, string>} */ (new Map()),
  /** Version and media type of each. */
  items: /** @type {Map<string, { version: number, type?: string }>} */ (new Map()),
  guards: /** @type {Map<string, any>} */ (new Map()),
  held: /** @type {Held[]} */ ([]),
  entries: /** @type {Map<number, Entry>} */ (new Map()),
  /** Of switches that the page of history does not reach. */
  older: /** @type {Map<string, Entry | null>} */ (new Map()),
  before: /** @type {number | null} */ (null),
  /** What the stream has told, and what answers to our own calls have said. */
  revision: -1,
  known: 0,
})

export const store = {
  stash: '',
  token: /** @type {string | null} */ (null),
  link: {
    state: /** @type {'connecting' | 'live' | 'lost' | 'missing' | 'gone'} */ ('connecting'),
    since: Date.now(),
    behind: false,
  },
  ...nothing(),
}

/** `flags` with the keys that changed, `change` for anything else, `revoked` when the token no longer counts. */
export const told = new EventTarget()
const tell = (/** @type {string} */ name, /** @type {unknown} */ detail = null) =>
  told.dispatchEvent(new CustomEvent(name, { detail }))

let stop = () => {}
let poll = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined)

export function open(/** @type {string} */ stash, /** @type {string | null} */ token) {
  close()
  Object.assign(store, nothing(), { stash, token, link: { state: 'connecting', since: Date.now(), behind: false } })
  stop = watch(stash, { event: take, status: turn })
  poll = setInterval(() => {
    if (document.visibilityState === 'visible' && store.link.state === 'live') void refreshHeld()
  }, HELD_EVERY_MS)
  void refresh()
}

export function close() {
  stop()
  clearInterval(poll)
}

function turn(/** @type {typeof store.link.state} */ state) {
  if (store.link.state === state) return
  const { link } = store
  // "since when" is when it was lost, however often it is tried.
  const since = state === 'connecting' && link.state === 'lost' ? link.since : Date.now()
  if (state === 'live' && link.state === 'lost') void refresh()
  store.link = { ...link, state, since }
  tell('change')
}

function take(/** @type {any} */ { type, revision, flags = {}, changes = {} }) {
  const before = store.flags
  if (type === 'snapshot') store.flags = new Map(Object.entries(flags))
  const first = store.revision === -1
  const news = type === 'snapshot' ? differences(before, store.flags) : Object.entries(changes)
  for (const [key, value] of news) {
    if (value === null) store.flags.delete(key)
    else store.flags.set(key, value)
    // A snapshot does not say which revision changed what: the versions are asked for.
    if (type === 'change') store.items.set(key, { ...store.items.get(key), version: revision })
  }
  store.revision = revision
  store.known = Math.max(store.known, revision)
  store.link.behind = revision < store.known
  tell('flags', { keys: news.map(([key]) => key), first })
  if (type === 'change' || !first) void refresh()
}

const differences = (/** @type {Map<string, string>} */ before, /** @type {Map<string, string>} */ after) =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => /** @type {[string, string | null]} */ ([key, after.get(key) ?? null]))

/** A write of ours was answered with this revision: the stream should tell it in a moment. */
export function expect(/** @type {number} */ revision) {
  store.known = Math.max(store.known, revision)
  setTimeout(() => {
    store.link.behind = store.revision < store.known
    tell('change')
  }, BEHIND_AFTER_MS)
}

/** A call for this stash, with its token. A token that no longer counts is given up at once: everything falls back to reading. */
export async function ask(
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {Parameters<typeof call>[2]} */ terms = {},
) {
  const { token } = store
  try {
    return await call(method, path, { ...terms, token })
  } catch (fault) {
    const over = fault instanceof Refused && fault.code === 'invalid_token'
    if (over && token !== null && store.token === token)
      giveUpToken('The token no longer counts: it was revoked, has expired, or is not of this stash.')
    throw fault
  }
}

export const under = (/** @type {string} */ path) => `/stash/${store.stash}${path}`

export function giveUpToken(/** @type {string} */ why) {
  store.token = null
  const { flags, facts, revision, known } = store
  Object.assign(store, nothing(), { flags, facts, revision, known })
  tell('revoked', why)
  tell('change')
}

let running = false
let again = false

/** Everything but values. Changes that come while it runs are one more run after it. */
export async function refresh() {
  if (running) {
    again = true
    return
  }
  running = true
  do {
    again = false
    const { stash } = store
    const of = (/** @type {Promise<void>} */ part) => part.catch(ignore)
    await Promise.all([
      of(refreshFacts(stash)),
      ...(store.token === null
        ? []
        : [of(refreshItems(stash)), of(refreshGuards(stash)), of(refreshHeld()), of(refreshHistory(stash))]),
    ])
    tell('change')
  } while (again)
  running = false
}

/** The stream says that the service is away, and whoever acts is told what came of it; here nothing was asked for by a person. */
function ignore(/** @type {unknown} */ fault) {
  if (!(fault instanceof Refused) && !(fault instanceof Lost)) throw fault
}

async function refreshFacts(/** @type {string} */ stash) {
  const query = store.revision > 0 ? { min_revision: store.revision } : {}
  const { body } = await call('GET', `/stash/${stash}`, { query })
  if (stash === store.stash) store.facts = body
}

/** Once, and after a snapshot: then the stream keeps versions up to date. */
async function refreshItems(/** @type {string} */ stash) {
  if ([...store.flags.keys()].every((key) => store.items.has(key)) && store.revision !== -1) return
  const { body } = await ask('GET', `/stash/${stash}/items`)
  if (stash !== store.stash) return
  for (const { key, version, content_type: type } of body.items) {
    const { version: known = 0 } = store.items.get(key) ?? {}
    store.items.set(key, { version: Math.max(known, version), type })
  }
}

async function refreshGuards(/** @type {string} */ stash) {
  const { body } = await ask('GET', `/stash/${stash}/guards`)
  if (stash === store.stash) store.guards = new Map(body.guards.map((/** @type {any} */ guard) => [guard.key, guard]))
}

export async function refreshHeld() {
  const { stash, token } = store
  if (token === null) return
  const { body } = await ask('GET', `/stash/${stash}/held`, { query: { limit: 500 } })
  if (stash !== store.stash || store.token === null) return
  store.held = body.held
  tell('change')
}

async function refreshHistory(/** @type {string} */ stash) {
  const { body } = await ask('GET', `/stash/${stash}/history`, { query: { limit: PAGE } })
  if (stash !== store.stash || store.token === null) return
  const newest = Math.max(-1, ...store.entries.keys())
  const overlaps = body.entries.some((/** @type {Entry} */ { revision }) => revision <= newest)
  // More has happened than one page holds: what is in between would be missing.
  if (!overlaps) store.entries = new Map()
  if (!overlaps) store.before = body.next
  for (const entry of body.entries) store.entries.set(entry.revision, entry)
  tell('change')
  await lookUpOlder(stash)
}

async function lookUpOlder(/** @type {string} */ stash) {
  const unknown = [...store.flags.keys()].filter((key) => lastChange(key) === undefined).slice(0, LOOKED_UP_MAX)
  for (const key of unknown) {
    const { body } = await ask('GET', `/stash/${stash}/history`, { query: { key, limit: 1 } })
    if (stash !== store.stash) return
    store.older.set(key, body.entries[0] ?? null)
  }
}

export async function readOlder() {
  if (store.before === null) return
  const { body } = await ask('GET', under('/history'), { query: { limit: PAGE, before: store.before } })
  for (const entry of body.entries) store.entries.set(entry.revision, entry)
  store.before = body.next
  tell('change')
}

/** The newest first. */
export const history = () => [...store.entries.values()].sort((a, b) => b.revision - a.revision)

/** The entry that last changed this switch; null: history no longer has it; undefined: not known yet. */
export function lastChange(/** @type {string} */ key) {
  const entry = history().find(({ changes }) => changes.some((change) => change.key === key))
  return entry ?? store.older.get(key)
}

/** The pending end of a time-boxed change. */
export const endOf = (/** @type {string} */ key) =>
  store.held.find(({ kind, keys }) => kind === 'revert' && keys.includes(key))

export const isFrozen = () =>
  store.facts?.frozen === true &&
  (store.facts.frozen_until === null || Date.parse(store.facts.frozen_until) > Date.now())
