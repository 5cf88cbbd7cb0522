/**
 * What the page knows of one stash. Values come from the stream alone, so that they are as fresh as its status says. Who, why
 * and until when are read after them (details.ts), and are not shown beside a value that they may not be about.
 */
import type { Reply } from '../client/call.ts'
import { API } from './api.ts'
import { callApi, isTokenEnded } from './call.ts'
import { emit } from './events.ts'
import { watch, type ContentUpdate, type StreamStatus } from './stream.ts'
import type { Guard, HeldChange, HistoryEntry, StashFacts } from './answer-types.ts'

/** A write of ours may be unknown to the stream for this long before the page says that it is behind. */
const BEHIND_AFTER_MS = 2_000

/** The content of the stash, as far as the page has read it. */
type Content = {
  facts: StashFacts | null
  flags: Map<string, string>
  /** Version and media type of each flag. */
  items: Map<string, { version: number; type?: string }>
  guards: Map<string, Guard>
  held: HeldChange[]
  /** Why the stash is frozen. null: it is not, or this token may not know. */
  freezeReason: string | null
  /** The pages of history that were read, by revision. */
  entries: Map<number, HistoryEntry>
  /** The last change of flags that `entries` does not reach. null: history has none any more, or not for this token. */
  older: Map<string, HistoryEntry | null>
  /** `before` for the next page of history; null: there is none. */
  before: number | null
  /** Per key: the first revision that the shown value may come from. Details from before may be about another value. */
  shownSince: Map<string, number>
  /** The revision as of which `held` was read. */
  heldAt: number
  /** Since when the details cannot be read. */
  detailsLostAt: number | null
  /** The last revision of the stream. -1: there was none yet. */
  revision: number
  /** The highest revision that is known, also from answers to our own writes. */
  known: number
}

type Link = {
  state: StreamStatus
  since: number
  /** Whether the stream is behind `known`. */
  behind: boolean
}

const createContent = (): Content => ({
  facts: null,
  flags: new Map(),
  items: new Map(),
  guards: new Map(),
  held: [],
  freezeReason: null,
  entries: new Map(),
  older: new Map(),
  before: null,
  shownSince: new Map(),
  heldAt: -1,
  detailsLostAt: null,
  revision: -1,
  known: 0,
})

const createLink = (): Link => ({ state: 'connecting', since: Date.now(), behind: false })

export const store: Content & { stash: string; token: string | null; link: Link } = {
  stash: '',
  token: null,
  link: createLink(),
  ...createContent(),
}

let stopWatching = (): void => {}

export function openStash(stash: string, token: string | null): void {
  closeStash()
  Object.assign(store, createContent(), { stash, token })
  stopWatching = watch(stash, { onEvent, onStatus })
  emit('stale', null)
}

/** Whatever timer fires later: nothing is asked of the stash any more. */
export function closeStash(): void {
  stopWatching()
  Object.assign(store, { stash: '', token: null, link: createLink() })
}

function onStatus(state: StreamStatus): void {
  const { link } = store
  if (link.state === state) return
  // While reconnects fail, `since` stays the time when the connection was lost.
  const since = state === 'connecting' && link.state === 'lost' ? link.since : Date.now()
  if (state === 'live' && link.state === 'lost') emit('stale', null)
  store.link = { ...link, state, since }
  emit('change', null)
}

function onEvent(update: ContentUpdate): void {
  const { revision } = update
  const isFirst = store.revision === -1
  const changes = update.type === 'change' ? update.changes : compare(store.flags, new Map(update.flags))
  // A snapshot does not say which revision changed a flag, nor what changed and changed back meanwhile.
  if (update.type === 'snapshot' && !isFirst) Object.assign(store, { items: new Map(), older: new Map() })
  for (const [key, value] of changes) {
    if (value === null) store.flags.delete(key)
    else store.flags.set(key, value)
    if (!isFirst) store.shownSince.set(key, update.type === 'change' ? revision : store.revision + 1)
    // The change may have given it another media type, which is read again where it matters.
    if (update.type === 'change') store.items.set(key, { version: revision })
  }
  store.revision = revision
  store.known = Math.max(store.known, revision)
  // The page says after a while that it is behind (`expectRevision`), but at once that it is no more.
  store.link.behind &&= revision < store.known
  emit('flags', { keys: changes.map(([key]) => key), first: isFirst })
  if (update.type === 'change' || !isFirst) emit('stale', null)
}

/** The keys with another value, and this value; null: the key is not there any more. */
const compare = (before: Map<string, string>, after: Map<string, string>): [string, string | null][] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => [key, after.get(key) ?? null])

/** After a write was answered with this revision: the stream should reach it in a moment. */
export function expectRevision(revision: number): void {
  store.known = Math.max(store.known, revision)
  setTimeout(() => {
    store.link.behind = store.revision < store.known
    emit('change', null)
  }, BEHIND_AFTER_MS)
}

/** The stash and the token at one moment. A dialog keeps its session, so its requests go there whatever the page shows by then. */
export type Session = {
  stash: string
  token: string | null
  /** The path of a route of the stash: `/held` gives `/stash/<id>/held`. */
  path(route: string): string
  /** Like `callApi`, with the token. If that has ended, the page gives it up and becomes read-only. */
  call<Body>(method: string, path: string, options?: Parameters<typeof callApi>[3]): Promise<Reply<Body>>
}

export function currentSession(): Session {
  const { stash, token } = store
  const target = token === null ? API : { ...API, token }
  const session: Session = {
    stash,
    token,
    path: (route) => `/stash/${stash}${route}`,
    async call(method, path, options) {
      try {
        return await callApi(target, method, path, options)
      } catch (error) {
        if (isTokenEnded(error) && token !== null && isCurrent(session)) giveUpToken(describeEnd(error.code))
        throw error
      }
    },
  }
  return session
}

/** Whether the page still shows this stash with this token: otherwise answers of the session are not for it. */
export const isCurrent = ({ stash, token }: Session): boolean => stash === store.stash && token === store.token

function describeEnd(code: string): string {
  if (code === 'token_expired') return 'The token has expired.'
  if (code === 'token_revoked') return 'The token was revoked or replaced.'
  return 'The token no longer counts: it was revoked, has expired, or is not of this stash.'
}

/** @param why is shown */
export function giveUpToken(why: string): void {
  const { flags, facts, revision, known, shownSince } = store
  Object.assign(store, createContent(), { token: null, flags, facts, revision, known, shownSince })
  emit('revoked', why)
  emit('change', null)
}

/** Newest first. */
export const getHistory = (): HistoryEntry[] => [...store.entries.values()].sort((a, b) => b.revision - a.revision)

/**
 * The entry that last changed this flag. null: history has none any more, or not for this token. undefined: it is not known
 * yet.
 */
export function findLastChange(key: string): HistoryEntry | null | undefined {
  let last = store.older.get(key)
  for (const entry of store.entries.values())
    if (entry.revision > (last?.revision ?? -1) && entry.changes.some((change) => change.key === key)) last = entry
  return isOutdated(key, last ? last.revision : 0) ? undefined : last
}

/** Whether facts read at this revision may concern an earlier value than the one that is shown. */
const isOutdated = (key: string, revision: number): boolean => revision < (store.shownSince.get(key) ?? -1)

/** The pending end of the flag's time-box. */
export const findPendingEnd = (key: string): HeldChange | undefined =>
  isOutdated(key, store.heldAt)
    ? undefined
    : store.held.find(({ kind, keys }) => kind === 'revert' && keys.includes(key))

export const isFrozen = (): boolean =>
  store.facts?.frozen === true &&
  (store.facts.frozen_until === null || Date.parse(store.facts.frozen_until) > Date.now())
