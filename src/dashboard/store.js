/**
 * What the page knows of one stash. Values come from the stream alone, so that they are as fresh as it says; who, why and
 * until when are asked for (details.js), and are not shown beside a value that they may not be about.
 */
import { call, isTokenOver } from './call.js'
import { watch } from './stream.js'

/** @typedef {import('./shapes.d.ts').Entry} Entry */
/** @typedef {import('./shapes.d.ts').Held} Held */

/** So long a write of ours may be unknown to the stream before the page says that it is behind. */
const BEHIND_AFTER_MS = 2_000

const nothing = () => ({
  facts: /** @type {import('./shapes.d.ts').Facts | null} */ (null),
  flags: /** @type {Map<string, string>} */ (new Map()),
  /** Version and media type of each. */
  items: /** @type {Map<string, { version: number, type?: string }>} */ (new Map()),
  guards: /** @type {Map<string, import('./shapes.d.ts').Guard>} */ (new Map()),
  held: /** @type {Held[]} */ ([]),
  /** Why the stash is frozen, as far as the token is told. */
  freezeReason: /** @type {string | null} */ (null),
  entries: /** @type {Map<number, Entry>} */ (new Map()),
  /** Of switches that the page of history does not reach. null: history no longer has it, or not for this token. */
  older: /** @type {Map<string, Entry | null>} */ (new Map()),
  before: /** @type {number | null} */ (null),
  /** From which revision on the stream has told each value: what is older says nothing of it. */
  toldAt: /** @type {Map<string, number>} */ (new Map()),
  /** As of which revision `held` was read. */
  heldAt: -1,
  /** Since when the details cannot be read. */
  detailsLostAt: /** @type {number | null} */ (null),
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

/** `flags` with the keys that changed, `due` when the details are to be read, `change` for anything else, `revoked` when the token no longer counts. */
export const told = new EventTarget()
export const tell = (/** @type {string} */ name, /** @type {unknown} */ detail = null) =>
  told.dispatchEvent(new CustomEvent(name, { detail }))

let stop = () => {}

export function open(/** @type {string} */ stash, /** @type {string | null} */ token) {
  close()
  Object.assign(store, nothing(), { stash, token, link: { state: 'connecting', since: Date.now(), behind: false } })
  stop = watch(stash, { event: take, status: turn })
  tell('due')
}

/** Nothing is asked for any more, by whatever timer. */
export function close() {
  stop()
  Object.assign(store, { stash: '', token: null, link: { state: 'connecting', since: Date.now(), behind: false } })
}

function turn(/** @type {typeof store.link.state} */ state) {
  if (store.link.state === state) return
  const { link } = store
  // "since when" is when it was lost, however often it is tried.
  const since = state === 'connecting' && link.state === 'lost' ? link.since : Date.now()
  if (state === 'live' && link.state === 'lost') tell('due')
  store.link = { ...link, state, since }
  tell('change')
}

function take(/** @type {import('./shapes.d.ts').Told} */ { type, revision, flags = {}, changes = {} }) {
  const before = store.flags
  if (type === 'snapshot') store.flags = new Map(Object.entries(flags))
  const first = store.revision === -1
  // A snapshot does not say which revision changed what, nor what changed and went back: that is asked for anew.
  if (type === 'snapshot' && !first) Object.assign(store, { items: new Map(), older: new Map() })
  const news = type === 'snapshot' ? differences(before, store.flags) : Object.entries(changes)
  for (const [key, value] of news) {
    if (value === null) store.flags.delete(key)
    else store.flags.set(key, value)
    if (!first) store.toldAt.set(key, type === 'change' ? revision : store.revision + 1)
    // Its type may be another one now: it is looked up where it matters.
    if (type === 'change') store.items.set(key, { version: revision })
  }
  store.revision = revision
  store.known = Math.max(store.known, revision)
  // That it is behind is said only after a while (`BEHIND_AFTER_MS`); that it no longer is, at once.
  store.link.behind &&= revision < store.known
  tell('flags', { keys: news.map(([key]) => key), first })
  if (type === 'change' || !first) tell('due')
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

/**
 * The stash and the token of this moment: what a dialog asks goes to these, whatever the page shows by then. A token that no
 * longer counts is given up at once: everything falls back to reading.
 */
export function bind() {
  const { stash, token } = store
  return {
    stash,
    token,
    under: (/** @type {string} */ path) => `/stash/${stash}${path}`,
    async ask(
      /** @type {string} */ method,
      /** @type {string} */ path,
      /** @type {Parameters<typeof call>[2]} */ terms = {},
    ) {
      try {
        return await call(method, path, { ...terms, token })
      } catch (fault) {
        if (isTokenOver(fault) && token !== null && store.token === token && store.stash === stash)
          giveUpToken(wordEnd(/** @type {import('./call.js').Refused} */ (fault)))
        throw fault
      }
    },
  }
}

function wordEnd(/** @type {import('./call.js').Refused} */ { code }) {
  if (code === 'token_expired') return 'The token has expired.'
  if (code === 'token_revoked') return 'The token was revoked or replaced.'
  return 'The token no longer counts: it was revoked, has expired, or is not of this stash.'
}

/** @typedef {ReturnType<typeof bind>} Bound */

export function giveUpToken(/** @type {string} */ why) {
  store.token = null
  const { flags, facts, revision, known, toldAt } = store
  Object.assign(store, nothing(), { flags, facts, revision, known, toldAt })
  tell('revoked', why)
  tell('change')
}

/** The newest first. */
export const history = () => [...store.entries.values()].sort((a, b) => b.revision - a.revision)

/** The entry that last changed this switch; null: history no longer has it, or not for this token; undefined: not known yet. */
export function lastChange(/** @type {string} */ key) {
  let last = store.older.get(key)
  for (const entry of store.entries.values())
    if (entry.revision > (last?.revision ?? -1) && entry.changes.some((change) => change.key === key)) last = entry
  return isOld(key, last ? last.revision : 0) ? undefined : last
}

/** Whether what was known at this revision may be of another value than the one that is shown. */
const isOld = (/** @type {string} */ key, /** @type {number} */ revision) => revision < (store.toldAt.get(key) ?? -1)

/** The pending end of a time-boxed change. */
export const endOf = (/** @type {string} */ key) =>
  isOld(key, store.heldAt) ? undefined : store.held.find(({ kind, keys }) => kind === 'revert' && keys.includes(key))

export const isFrozen = () =>
  store.facts?.frozen === true &&
  (store.facts.frozen_until === null || Date.parse(store.facts.frozen_until) > Date.now())
