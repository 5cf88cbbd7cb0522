/**
 * What the page knows of one stash. Values come from one read, and from then on from the watch alone, so that they are as fresh
 * as its state says. Who and why are read after them (details.ts), and are not shown beside a value that they may not be about.
 *
 * The content is plain and mutable. A component that shows it reads `changed`, which moves on once for each burst of changes.
 */
import { signal } from '@preact/signals'
import { createKeyMatcher, type KeyMatcher } from '../../model/access/key-matcher.ts'
import type { Ability, OwnToken } from '../api/answer-types.ts'
import { serviceNow } from '../api/service-time.ts'
import { createContent, type Content, type Link, type WatchState } from './content.ts'
import { Details } from './details.ts'
import { findNextEnd, toFlagViews, type FlagView } from './flags/flag-view.ts'
import { createSession, type Session } from './session.ts'
import { watchStash, type ContentUpdate, type StashStatus } from './stash-watch.ts'

/** A write of ours may be unknown to the watch for this long before the page says that it is behind. */
const BEHIND_AFTER_MS = 2_000

const TIMER_MAX_MS = 60_000

type Listener = (keys: string[]) => void

export class Stash {
  readonly id: string
  readonly changed = signal(0)
  token: string | null
  content: Content = createContent()
  link: Link = { state: 'connecting', since: serviceNow(), behind: false }
  /** Resolves once every flag was read, or could not be. */
  readonly firstRead: Promise<void>
  readonly #details: Details
  readonly #listeners = new Set<Listener>()
  #isDrawingDue = false
  #matches: { keys: string[]; matcher: KeyMatcher } | null = null
  #views: ReadonlyMap<string, FlagView> = new Map()
  /** Until when the views hold by the clock: then a time-box or a freeze ends. */
  #viewsEnd = 0
  #areViewsStale = true
  #endTimer: ReturnType<typeof setTimeout> | undefined
  #stop = (): void => {}
  #isClosed = false
  /** Called when the token has ended. */
  onTokenEnd: (why: string) => void = () => {}
  /**
   * Whether a page is about this stash. Otherwise its history is not read, but for the flags that are not at their safe value.
   */
  isShownInFull = false

  constructor(id: string, token: string | null) {
    this.id = id
    this.token = token
    this.#details = new Details(this)
    this.firstRead = this.#readFirst()
  }

  /** Reads every flag once. */
  async #readFirst(): Promise<void> {
    const first = await this.#details.readFirst()
    // One that comes late may be older than what the watch has told.
    if (first === null || this.#isClosed || this.content.revision !== -1) return
    const flags = Object.entries(first.flags)
    this.content.meta = new Map(flags.map(([key, meta]) => [key, { ...meta, readAt: first.revision }]))
    this.#take({
      type: 'snapshot',
      revision: first.revision,
      flags: flags.map(([key, { value }]) => [key, value]),
      reverts: new Map(
        Object.entries(first.reverts ?? {}).map(([key, { at, to }]) => [key, { at: Date.parse(at), to }]),
      ),
      knowsReverts: true,
    })
  }

  /**
   * Follows the changes from the first read on, and reads the details. To be called once, after `firstRead`: a browser opens its
   * WebSockets to a host one after another, and values should be seen before.
   */
  follow(): void {
    if (this.#isClosed) return
    const { revision } = this.content
    this.#stop = watchStash(this.id, revision === -1 ? undefined : revision, {
      onUpdate: (update) => this.#take(update),
      onStatus: (status) => this.#takeStatus(status),
      // A stash that was read, and is not there any more, was deleted: the watch may not have begun when that was told.
      onState: (state) => this.#setState(state === 'missing' && this.content.revision !== -1 ? 'gone' : state),
    })
    this.refresh()
  }

  /** Nothing is asked of the stash any more. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    this.#details.stop()
    clearTimeout(this.#endTimer)
  }

  /** Reads the details again: after a change that the watch does not tell, or when the page is looked at again. */
  refresh(): void {
    void this.#details.refresh()
  }
  refreshHeld(): void {
    this.#details.refreshHeld()
  }
  /** A page is about this stash from now on. */
  showInFull(): void {
    if (this.isShownInFull) return
    this.isShownInFull = true
    this.refresh()
  }
  readOlderHistory(): Promise<void> {
    return this.#details.readOlderHistory()
  }

  /** Has everything drawn that shows this stash, soon, and once for a burst. */
  touch(): void {
    this.#areViewsStale = true
    if (this.#isDrawingDue) return
    this.#isDrawingDue = true
    queueMicrotask(() => {
      this.#isDrawingDue = false
      this.changed.value++
    })
  }

  /** Calls `listener` with the keys whose values have changed. @returns a function that ends it */
  onFlags(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #setState(state: WatchState): void {
    const { link } = this
    if (link.state === state) return
    // While reconnects fail, `since` stays the time when the connection was lost.
    const since = state === 'connecting' && link.state === 'lost' ? link.since : serviceNow()
    if (state === 'live' && link.state === 'lost') this.refresh()
    this.link = { ...link, state, since }
    // Nothing ends by itself in a stash that is not there.
    if (this.isOver()) this.content.reverts.clear()
    this.touch()
  }

  #take(update: ContentUpdate): void {
    const { content } = this
    const { revision } = update
    const isFirst = content.revision === -1
    const changes = update.type === 'change' ? update.changes : compare(content.flags, new Map(update.flags))
    if (update.type === 'snapshot' && revision < content.revision) this.#startOver(revision)
    // A snapshot does not say which revision changed a flag, nor what changed and changed back meanwhile.
    if (update.type === 'snapshot' && !isFirst) Object.assign(content, { items: new Map(), older: new Map() })
    for (const [key, value] of changes) {
      if (value === null) content.flags.delete(key)
      else content.flags.set(key, value)
      if (!isFirst) content.shownSince.set(key, update.type === 'change' ? revision : content.revision + 1)
      // The change may have given it another media type, which is read again where it matters.
      if (update.type === 'change') content.items.set(key, { version: revision })
    }
    if (update.type === 'snapshot') content.reverts = new Map(update.reverts)
    else
      for (const [key, revert] of update.reverts) {
        if (revert === null) content.reverts.delete(key)
        else content.reverts.set(key, revert)
      }
    content.revision = revision
    content.known = Math.max(content.known, revision)
    // The page says after a while that it is behind (`expectRevision`), but at once that it is no more.
    this.link.behind &&= revision < content.known
    const keys = changes.map(([key]) => key)
    if (!isFirst && keys.length > 0) for (const listener of this.#listeners) listener(keys)
    this.touch()
    this.#touchAtNextEnd()
    if (!isFirst) this.#details.changed(update.type === 'change' && keys.length > 0 ? keys : null)
  }

  /** The service was recovered to an earlier state. Details of later ones are not true any more. */
  #startOver(revision: number): void {
    const none = { before: null, entries: new Map(), shownSince: new Map() }
    Object.assign(this.content, { ...none, revision: revision - 1, known: revision, heldAt: -1 })
  }

  /** A time-box ends by the clock, also while nothing is heard of the service. */
  #touchAtNextEnd(): void {
    clearTimeout(this.#endTimer)
    const next = findNextEnd(this.content, serviceNow())
    if (next === Infinity) return
    this.#endTimer = setTimeout(
      () => {
        this.touch()
        this.#touchAtNextEnd()
      },
      // Timers stand still in a laptop that sleeps.
      Math.min(next - serviceNow() + 20, TIMER_MAX_MS),
    )
  }

  #takeStatus({ held, freezes }: StashStatus): void {
    const { content } = this
    const isNews = held !== content.heldCount || JSON.stringify(freezes) !== JSON.stringify(content.freezes)
    content.heldCount = held
    content.freezes = freezes
    this.touch()
    if (isNews) this.refreshHeld()
  }

  /** After a write was answered with this revision: the watch should reach it in a moment. */
  expectRevision(revision: number): void {
    const { content } = this
    content.known = Math.max(content.known, revision)
    setTimeout(() => {
      this.link.behind = content.revision < content.known
      this.touch()
    }, BEHIND_AFTER_MS)
  }

  /** @param token null: gives it up */
  useToken(token: string | null): void {
    const { flags, reverts, meta, facts, revision, known, shownSince, freezes, heldCount } = this.content
    this.token = token
    this.content = {
      ...createContent(),
      flags,
      reverts,
      meta,
      facts,
      revision,
      known,
      shownSince,
      freezes,
      heldCount,
    }
    this.touch()
    this.refresh()
  }

  /** Whether the token may do this. While it is not known yet, it is taken to. */
  may(ability: Ability, key?: string): boolean {
    const { me } = this.content
    if (this.token === null) return false
    if (me === null) return true
    return (me.master || me.can.includes(ability)) && (key === undefined || this.#reaches(me, key))
  }

  /**
   * Whether a change of this flag may succeed: not of a stash that is gone, nor in a freeze that the token may not override.
   */
  mayChange(key: string): boolean {
    const isFrozen = this.views().get(key)?.isFrozen === true
    return this.may('write', key) && !this.isOver() && (!isFrozen || this.may('break_glass'))
  }

  #reaches({ master, keys }: OwnToken, key: string): boolean {
    if (master || keys.includes('*')) return true
    if (this.#matches?.keys !== keys) this.#matches = { keys, matcher: createKeyMatcher(keys) }
    return this.#matches.matcher(key)
  }

  /** Whether the shown values may be old. */
  isStale(): boolean {
    const { state } = this.link
    return this.content.revision !== -1 && state !== 'live' && state !== 'connecting'
  }

  /** Whether it can no longer be changed, because it is not there. */
  isOver(): boolean {
    return this.link.state === 'missing' || this.link.state === 'gone'
  }

  session(): Session {
    return createSession(this)
  }

  /** Every flag as it stands now. Flags that have not changed are the same objects as before. */
  views(): ReadonlyMap<string, FlagView> {
    const now = serviceNow()
    if (this.#areViewsStale || now >= this.#viewsEnd) {
      this.#views = toFlagViews(this.content, now, this.#views)
      this.#viewsEnd = findNextEnd(this.content, now)
      this.#areViewsStale = false
    }
    return this.#views
  }

  /** What addresses name it by: the slug, or else the id. */
  address(): string {
    return this.content.facts?.slug ?? this.id
  }

  name(): string {
    const { facts } = this.content
    return facts?.name ?? facts?.slug ?? `${this.id.slice(0, 8)}…`
  }
}

/** The keys with another value, and this value; null: the key is not there any more. */
const compare = (before: Map<string, string>, after: Map<string, string>): [string, string | null][] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => [key, after.get(key) ?? null])
