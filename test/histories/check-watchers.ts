/** Watchers against the stash's history: each is told every revision once and in order, or a snapshot, and what it held. */
import { isDeepStrictEqual } from 'node:util'
import type { Chapter, Fail } from './chapter.ts'
import type { LogView } from './log-view.ts'
import type { Final, Watched, WatchEvent, WireRevert } from './story.ts'

export function checkWatchers(watched: Watched[], chapters: Chapter[], final: Final, fail: Fail): void {
  for (const one of watched) new Follower(one, chapters, fail).follow(final)
}

class Follower {
  readonly #watched: Watched
  readonly #chapters: Chapter[]
  readonly #fail: Fail
  #cursor: number | null = null
  #chapter = 0
  #flags: Record<string, string> = {}
  #reverts: Record<string, WireRevert> = {}

  constructor(watched: Watched, chapters: Chapter[], fail: Fail) {
    this.#watched = watched
    this.#chapters = chapters
    this.#fail = fail
  }

  follow(final: Final): void {
    const { name, notes, keys } = this.#watched
    for (const note of notes) {
      if ('opened' in note) {
        this.#cursor = note.opened.after
        continue
      }
      this.#step(note.event, this.#chapterAt(note.at))
    }
    const wanted = Object.fromEntries(Object.entries(final.flags).filter(([key]) => keys?.includes(key) ?? true))
    if (!isSame(this.#flags, wanted) || (keys === null && this.#cursor !== final.revision)) {
      this.#fail('watchers', `${name} ends at ${this.#cursor} with another state than the stash at ${final.revision}`, {
        watcher: this.#flags,
        stash: wanted,
      })
    }
  }

  #step(event: WatchEvent, chapter: number): void {
    const { name } = this.#watched
    const cursor = this.#cursor
    const crosses = chapter !== this.#chapter && cursor !== null
    this.#chapter = chapter
    if (event.type === 'gone') return this.#say('was told that the stash is gone', event)
    const notice = this.#chapters[chapter]?.recovery?.notice?.revision ?? 0
    // Until the recovery is noticed a watcher may be told the copy's state, and then of its changes; after that, a snapshot.
    const passes = cursor !== null && notice > 0 && event.revision >= notice && (crosses || cursor < notice)
    if ((crosses || passes) && event.type !== 'snapshot') {
      this.#fail('recovery', `${name} was told a change, and no snapshot, after a recovery`, event)
    }
    if (event.type === 'snapshot') {
      const mayGoBack = crosses && event.revision < notice
      if (cursor !== null && event.revision < cursor && !mayGoBack) this.#say(`went back from ${cursor}`, event)
      this.#flags = { ...event.flags }
      this.#reverts = Object.fromEntries(
        Object.entries(event.reverts ?? {}).flatMap(([key, to]) => (to ? [[key, to]] : [])),
      )
    } else if (cursor === null) {
      this.#say('was told a change before it knew how things stand', event)
    } else if (event.revision <= cursor) {
      this.#say(`was told of revision ${event.revision} after ${cursor}`, event)
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
    const chapter = this.#chapters[this.#chapter]
    // The history of an epoch was taken down a moment before its end.
    if (chapter === undefined || event.revision > chapter.view.head) {
      if (chapter?.isLast) this.#say(`was told of revision ${event.revision}, which is not in the history`, event)
      return
    }
    const { view, rules } = chapter
    if (event.type === 'change' && cursor !== null && event.revision > cursor && !this.#isLeap(cursor))
      this.#compareChange(event, cursor, view)
    const held = view.flagsAt(event.revision, keys ?? view.keys)
    if (!isSame(this.#flags, held)) {
      this.#say(`does not hold what revision ${event.revision} holds`, event, { watcher: this.#flags, stash: held })
      // Once said, it need not be said of each revision that follows.
      this.#flags = held
    }
    if (!rules.clock) return
    const pending = pendingAt(view, event.revision, keys ?? view.keys)
    if (isDeepStrictEqual(sorted(this.#reverts), sorted(pending))) return
    const { name } = this.#watched
    this.#fail('clock', `${name} does not know at ${event.revision} what time-boxes will put back`, event, {
      watcher: this.#reverts,
      stash: pending,
    })
    this.#reverts = pending
  }

  /** Whether the cursor is of an earlier chapter. */
  #isLeap(cursor: number): boolean {
    const chapter = this.#chapters[this.#chapter]
    return cursor > (chapter?.recovery?.copy ?? Infinity) && chapter?.view.entryAt(cursor) === undefined
  }

  /** Each road leaves out what its watcher did not ask for; a long poll tells several changes as one. */
  #compareChange(event: WatchEvent, cursor: number, view: LogView): void {
    const { road, keys } = this.#watched
    const between = view.entries.filter(({ revision }) => revision > cursor && revision <= event.revision)
    const isOurs = (key: string): boolean => keys === null || keys.includes(key)
    const told = between.filter(({ changes }) => keys === null || changes.some(({ key }) => isOurs(key)))
    const missed = told.filter(({ revision }) => revision !== event.revision)
    if (road !== 'poll' && missed.length > 0) {
      this.#say(`was not told of revision ${missed[0]?.revision} between ${cursor} and ${event.revision}`, event)
    }
    const merged = (road === 'poll' ? told : between.slice(-1)).flatMap(({ changes }) => changes)
    const wanted = Object.fromEntries(merged.filter(({ key }) => isOurs(key)).map(({ key, after }) => [key, after]))
    if (!isDeepStrictEqual(sorted(event.changes ?? {}), sorted(wanted))) {
      this.#say(`was told something else of revision ${event.revision}`, event, wanted)
    }
  }

  #say(what: string, event: WatchEvent, more?: unknown): void {
    this.#fail('watchers', `${this.#watched.name} ${what}`, event, ...(more === undefined ? [] : [more]))
  }

  #chapterAt(at: number): number {
    return Math.max(
      0,
      this.#chapters.findLastIndex(({ from }) => at >= from),
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
