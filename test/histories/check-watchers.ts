/** Checks watchers against the stash's history: each must receive every revision once and in order, or a snapshot, with the right values. */
import { isDeepStrictEqual } from 'node:util'
import type { Segment, Fail } from './segment.ts'
import type { LogView } from './log-view.ts'
import type { Final, Watched, WatchEvent, WireRevert } from './recording.ts'

export function checkWatchers(watched: Watched[], segments: Segment[], final: Final, fail: Fail): void {
  for (const one of watched) new Follower(one, segments, fail).follow(final)
}

class Follower {
  readonly #watched: Watched
  readonly #segments: Segment[]
  readonly #fail: Fail
  #cursor: number | null = null
  #segment = 0
  #flags: Record<string, string> = {}
  #reverts: Record<string, WireRevert> = {}

  constructor(watched: Watched, segments: Segment[], fail: Fail) {
    this.#watched = watched
    this.#segments = segments
    this.#fail = fail
  }

  follow(final: Final): void {
    const { name, notes, keys } = this.#watched
    for (const note of notes) {
      if ('opened' in note) {
        this.#cursor = note.opened.after
        continue
      }
      this.#step(note.event, this.#getSegmentAt(note.at))
    }
    const wanted = Object.fromEntries(Object.entries(final.flags).filter(([key]) => keys?.includes(key) ?? true))
    if (!isSame(this.#flags, wanted) || (keys === null && this.#cursor !== final.revision)) {
      this.#fail('watchers', `${name} ends at ${this.#cursor} with another state than the stash at ${final.revision}`, {
        watcher: this.#flags,
        stash: wanted,
      })
    }
  }

  #step(event: WatchEvent, segment: number): void {
    const { name } = this.#watched
    const cursor = this.#cursor
    const crosses = segment !== this.#segment && cursor !== null
    this.#segment = segment
    if (event.type === 'gone') return this.#failEvent('received the deletion of the stash', event)
    const notice = this.#segments[segment]?.recovery?.notice?.revision ?? 0
    // Until the service notices the recovery, a watcher may receive the copy's state and then its changes. After that it must receive a snapshot.
    const passes = cursor !== null && notice > 0 && event.revision >= notice && (crosses || cursor < notice)
    if ((crosses || passes) && event.type !== 'snapshot') {
      this.#fail('recovery', `${name} received a change instead of a snapshot after a recovery`, event)
    }
    if (event.type === 'snapshot') {
      const mayGoBack = crosses && event.revision < notice
      if (cursor !== null && event.revision < cursor && !mayGoBack) this.#failEvent(`went back from ${cursor}`, event)
      this.#flags = { ...event.flags }
      this.#reverts = Object.fromEntries(
        Object.entries(event.reverts ?? {}).flatMap(([key, to]) => (to ? [[key, to]] : [])),
      )
    } else if (cursor === null) {
      this.#failEvent('received a change before a snapshot', event)
    } else if (event.revision <= cursor) {
      this.#failEvent(`received revision ${event.revision} after ${cursor}`, event)
    } else if (!crosses && !passes) {
      this.#apply(event)
    }
    this.#cursor = event.revision
    this.#compare(event, cursor)
  }

  #apply({ changes = {}, reverts = {} }: WatchEvent): void {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete this.#flags[key]
      else this.#flags[key] = value
    }
    for (const [key, revert] of Object.entries(reverts)) {
      if (revert === null) delete this.#reverts[key]
      else this.#reverts[key] = revert
    }
  }

  #compare(event: WatchEvent, cursor: number | null): void {
    const { keys } = this.#watched
    const segment = this.#segments[this.#segment]
    // The history of an epoch was read just before its end, so events may be newer.
    if (segment === undefined || event.revision > segment.view.head) {
      if (segment?.isLast) this.#failEvent(`received revision ${event.revision}, which is not in the history`, event)
      return
    }
    const { view, rules } = segment
    if (event.type === 'change' && cursor !== null && event.revision > cursor && !this.#isLeap(cursor))
      this.#compareChange(event, cursor, view)
    const held = view.flagsAt(event.revision, keys ?? view.keys)
    if (!isSame(this.#flags, held)) {
      this.#failEvent(`has another state than revision ${event.revision}`, event, { watcher: this.#flags, stash: held })
      // Reported once only, and not again for each later revision.
      this.#flags = held
    }
    if (!rules.clock) return
    const pending = pendingAt(view, event.revision, keys ?? view.keys)
    if (isDeepStrictEqual(sorted(this.#reverts), sorted(pending))) return
    const { name } = this.#watched
    this.#fail('clock', `${name} has other pending reverts than revision ${event.revision}`, event, {
      watcher: this.#reverts,
      stash: pending,
    })
    this.#reverts = pending
  }

  /** Whether the cursor is of an earlier segment. */
  #isLeap(cursor: number): boolean {
    const segment = this.#segments[this.#segment]
    return cursor > (segment?.recovery?.copy ?? Infinity) && segment?.view.entryAt(cursor) === undefined
  }

  /** All transports filter by key. A long poll merges several changes into one event. */
  #compareChange(event: WatchEvent, cursor: number, view: LogView): void {
    const { transport, keys } = this.#watched
    const between = view.entries.filter(({ revision }) => revision > cursor && revision <= event.revision)
    const isOurs = (key: string): boolean => keys === null || keys.includes(key)
    const relevant = between.filter(({ changes }) => keys === null || changes.some(({ key }) => isOurs(key)))
    const missed = relevant.filter(({ revision }) => revision !== event.revision)
    if (transport !== 'poll' && missed.length > 0) {
      this.#failEvent(`did not receive revision ${missed[0]?.revision} between ${cursor} and ${event.revision}`, event)
    }
    const merged = (transport === 'poll' ? relevant : between.slice(-1)).flatMap(({ changes }) => changes)
    const wanted = Object.fromEntries(merged.filter(({ key }) => isOurs(key)).map(({ key, after }) => [key, after]))
    if (!isDeepStrictEqual(sorted(event.changes ?? {}), sorted(wanted))) {
      this.#failEvent(`received other changes than revision ${event.revision} has`, event, wanted)
    }
  }

  #failEvent(what: string, event: WatchEvent, more?: unknown): void {
    this.#fail('watchers', `${this.#watched.name} ${what}`, event, ...(more === undefined ? [] : [more]))
  }

  #getSegmentAt(at: number): number {
    return Math.max(
      0,
      this.#segments.findLastIndex(({ from }) => at >= from),
    )
  }
}

function pendingAt(view: LogView, revision: number, keys: string[]): Record<string, WireRevert> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const box = view.boxAt(key, revision)
      return box === null ? [] : [[key, { at: new Date(box.at).toISOString(), to: box.to }]]
    }),
  )
}

const sorted = (record: object): [string, unknown][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))

function isSame(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
