/**
 * The last known flags. A snapshot of a higher revision replaces them, one of the same revision only if the reverts were not
 * known; a change is applied only to the revision before it. An update is applied as a whole or not at all. Pending reverts of
 * time-boxes are cached too, and evaluated at the time of a read: a read after the end of a time-box needs no timer.
 */
import type { FlagUpdate } from './flag-update.ts'
import type { Revert, Reverts } from './reverts.ts'

export type Changes = Map<string, string | null>

export type Verdict =
  | { kind: 'applied'; changes: Changes }
  /** The cache has this revision or a later one. */
  | { kind: 'known' }
  /** A snapshot of an earlier revision: the service has lost changes or lags behind, or the stream overtook the poll. */
  | { kind: 'older' }
  /** A change whose predecessor is missing. */
  | { kind: 'gap' }

export class FlagCache {
  /** null: no flags were received or loaded yet. */
  revision: number | null = null
  readonly #now: () => number
  #flags = new Map<string, string>()
  #reverts: Reverts = new Map()
  /** Whether `#reverts` is complete: not if it comes from a store of an earlier version, or from one that is damaged. */
  #knowsReverts = true
  /** Keys whose revert by the clock was announced to listeners, and not yet sent by the service. */
  readonly #announcedEnds = new Set<string>()

  /** @param now the time of the service */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The flags as the service sent them: after the end of a time-box a flag still has its temporary value here. */
  get flags(): ReadonlyMap<string, string> {
    return this.#flags
  }

  get reverts(): ReadonlyMap<string, Revert> {
    return this.#reverts
  }

  /** The revision after which a stream resumes; null: it must begin with a snapshot. */
  get resumeFrom(): number | null {
    return this.#knowsReverts ? this.revision : null
  }

  /** The revert of a time-box that has ended by the clock; undefined if there is none. */
  endedRevert(key: string): Revert | undefined {
    if (this.#reverts.size === 0) return undefined
    const revert = this.#reverts.get(key)
    return revert !== undefined && revert.at <= this.#now() ? revert : undefined
  }

  get(key: string): string | undefined {
    const revert = this.endedRevert(key)
    return revert === undefined ? this.#flags.get(key) : (revert.to ?? undefined)
  }

  all(): Record<string, string> {
    const keys = [...new Set([...this.#flags.keys(), ...this.#reverts.keys()])]
    return Object.fromEntries(
      keys.flatMap((key) => {
        const text = this.get(key)
        return text === undefined ? [] : [[key, text]]
      }),
    )
  }

  countEndedReverts(): number {
    return [...this.#reverts.keys()].filter((key) => this.endedRevert(key) !== undefined).length
  }

  /** The first end of a time-box that was not announced yet, in ms by the service's clock; undefined if there is none. */
  nextEnd(): number | undefined {
    const pending = [...this.#reverts].filter(([key]) => !this.#announcedEnds.has(key)).map(([, { at }]) => at)
    return pending.length === 0 ? undefined : Math.min(...pending)
  }

  apply(update: Exclude<FlagUpdate, { type: 'gone' }>): Verdict {
    const { revision } = this
    if (update.type === 'snapshot') {
      const isNewer =
        revision === null || update.revision > revision || (update.revision === revision && !this.#knowsReverts)
      return isNewer ? this.#replace(update) : { kind: update.revision < revision ? 'older' : 'known' }
    }
    if (revision === null || update.revision > revision + 1) return { kind: 'gap' }
    if (update.revision <= revision) return { kind: 'known' }
    return this.#change(update)
  }

  /** @returns the flags that the clock has changed since listeners were last called */
  takeEnded(): Changes {
    return this.#diff(new Map([...this.#reverts.keys()].map((key) => [key, this.#announced(key)])))
  }

  #replace({ revision, flags, reverts, knowsReverts }: Extract<FlagUpdate, { type: 'snapshot' }>): Verdict {
    const next = new Map(flags)
    const keys = [this.#flags, this.#reverts, next, reverts].flatMap((map) => [...map.keys()])
    const before = new Map(keys.map((key) => [key, this.#announced(key)]))
    this.#flags = next
    this.#reverts = reverts
    this.#knowsReverts = knowsReverts
    this.revision = revision
    return { kind: 'applied', changes: this.#diff(before) }
  }

  #change({ revision, changes, reverts }: Extract<FlagUpdate, { type: 'change' }>): Verdict {
    const keys = [...changes.map(([key]) => key), ...reverts.keys()]
    const before = new Map(keys.map((key) => [key, this.#announced(key)]))
    const ends = new Set(keys.filter((key) => this.#announcedEnds.has(key) || reverts.get(key) === null))
    for (const [key, value] of changes) {
      if (value === null) this.#flags.delete(key)
      else this.#flags.set(key, value)
      // A change ends the time-box that the flag was in. If it begins another one, `reverts` has that.
      this.#reverts.delete(key)
    }
    for (const [key, revert] of reverts) {
      if (revert === null) this.#reverts.delete(key)
      else this.#reverts.set(key, revert)
    }
    this.revision = revision
    // A change to the same value is announced too, unless it ends a time-box: the clock may have announced that end already.
    const always = new Set(changes.map(([key]) => key).filter((key) => !ends.has(key)))
    return { kind: 'applied', changes: this.#diff(before, always) }
  }

  /** The value that listeners were last called with. */
  #announced(key: string): string | null {
    const text = this.#announcedEnds.has(key) ? this.#reverts.get(key)?.to : this.#flags.get(key)
    return text ?? null
  }

  /** Returns the flags whose present value differs from `before`, and those of `always`, and marks these values as announced. */
  #diff(before: Changes, always?: ReadonlySet<string>): Changes {
    const changes: Changes = new Map()
    for (const [key, announced] of before) {
      if (this.endedRevert(key) === undefined) this.#announcedEnds.delete(key)
      else this.#announcedEnds.add(key)
      const text = this.#announced(key)
      if (text !== announced || always?.has(key) === true) changes.set(key, text)
    }
    return changes
  }
}
