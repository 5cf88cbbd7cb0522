/**
 * The history of one switch, newest first, as far as it was read. It is read again after each change of the stash. Its state is
 * its own, and ends with the page that shows it.
 */
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { createKeyMatcher } from '../../../model/access/key-matcher.ts'
import { NoAnswerError, RefusedError } from '../../../client/requests/errors.ts'
import type { History, HistoryEntry } from '../../api/answer-types.ts'
import { describeError } from '../../api/call.ts'
import type { Stash } from '../../state/stash.ts'

const PAGE = 50
/** More entries are not kept by the page. */
export const ENTRIES_MAX = 1_000
const RETRY_MS = 5_000

/** Plain and mutable: a component that shows it reads `changed`. */
export class KeyHistory {
  readonly changed = signal(0)
  entries = new Map<number, HistoryEntry>()
  /** `before` for the next page. null: there is none. undefined: nothing was read yet. */
  next: number | null | undefined
  /** Why it could not be read. '': it could */
  problem = ''
  isReading = false
  readonly #stash: Stash
  readonly #key: string
  #isStale = false
  #isStopped = false
  #retry: ReturnType<typeof setTimeout> | undefined

  constructor(stash: Stash, key: string) {
    this.#stash = stash
    this.#key = key
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
  }

  /** The newest first. */
  list(): HistoryEntry[] {
    return [...this.entries.values()].sort((a, b) => b.revision - a.revision)
  }

  /** Reads the newest page. What changes meanwhile leads to one more read after it. */
  async refresh(): Promise<void> {
    this.#isStale = true
    if (this.isReading) return
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false
      if (!(await this.#read(undefined))) {
        clearTimeout(this.#retry)
        if (!this.#isStopped) this.#retry = setTimeout(() => void this.refresh(), RETRY_MS)
        return
      }
    }
  }

  hasOlder(): boolean {
    return typeof this.next === 'number' && this.entries.size < ENTRIES_MAX
  }

  async readOlder(): Promise<void> {
    if (typeof this.next !== 'number' || this.isReading) return
    await this.#read(this.next)
    if (this.#isStale) void this.refresh()
  }

  /** @returns whether there is nothing to try again */
  async #read(before: number | undefined): Promise<boolean> {
    const session = this.#stash.session()
    if (session.token === null) return true
    this.isReading = true
    this.changed.value++
    try {
      const query = { key: this.#key, limit: PAGE, before }
      const { body } = await session.call<History>('GET', session.path('/history'), { query })
      if (!this.#isStopped && session.isCurrent()) this.#add(body, before)
      this.problem = ''
      return true
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error
      this.problem = describeError(error)
      return error instanceof RefusedError && error.status < 500
    } finally {
      this.isReading = false
      if (!this.#isStopped) this.changed.value++
    }
  }

  #add({ entries, next }: History, before: number | undefined): void {
    const isFirst = before === undefined
    const newest = Math.max(-1, ...this.entries.keys())
    // There were more changes than one page holds: the list would have a gap.
    const overlaps = entries.some(({ revision }) => revision <= newest)
    if (isFirst && !overlaps) this.entries = new Map()
    if (!isFirst || !overlaps) this.next = next
    for (const entry of entries) this.entries.set(entry.revision, entry)
    const surplus = this.list().slice(ENTRIES_MAX)
    for (const { revision } of surplus) this.entries.delete(revision)
    if (this.entries.size >= ENTRIES_MAX) this.next = Math.min(...this.entries.keys())
  }
}

/** Whether the token may read the history of this switch. To another one the service shows an empty history. */
export function reachesKey({ content: { me } }: Stash, key: string): boolean {
  return me === null || me.master || createKeyMatcher(me.keys)(key)
}

/** @param key '': nothing is read */
export function useKeyHistory(stash: Stash, key: string): KeyHistory {
  // With another token other entries may be visible.
  const history = useMemo(() => new KeyHistory(stash, key), [stash, stash.token, key])
  const revision = Math.max(stash.content.revision, stash.content.known)
  void history.changed.value
  useEffect(() => () => history.stop(), [history])
  useEffect(() => {
    if (key !== '') void history.refresh()
  }, [history, revision])
  return history
}
