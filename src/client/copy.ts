/**
 * The last known values. Only a higher revision replaces them, whoever brings it: the stream, a poll, the store.
 * They are read in between, so a change is taken in whole or not at all.
 *
 * What time-boxes put back is known with them, and is a matter of the time of the read: nothing has to happen at the end of
 * one for a read to be right after it.
 */
import type { Revert, Reverts } from './reverts.ts'
import type { Told } from './told.ts'

export type Changes = Map<string, string | null>

export type Verdict =
  | { kind: 'taken'; changes: Changes }
  /** Nothing new: this revision, or a change from before it. */
  | { kind: 'known' }
  /** All flags as they were at an earlier revision. A service that holds this is behind us, or no longer itself. */
  | { kind: 'older' }
  /** Something was told in between, and not to us. */
  | { kind: 'gap' }

export class Copy {
  /** null: nothing is known. */
  revision: number | null = null
  readonly #now: () => number
  #flags = new Map<string, string>()
  #reverts: Reverts = new Map()
  /** Whether these are all time-boxes of this revision. What a store of an earlier version holds knows of none. */
  #knowsReverts = true
  /** Keys of which listeners know that they have gone back by the clock. */
  readonly #gone = new Set<string>()

  /** @param now the service's time */
  constructor(now: () => number) {
    this.#now = now
  }

  /** As they were told: a time-box that is over still has its value here. */
  get flags(): ReadonlyMap<string, string> {
    return this.#flags
  }

  get reverts(): ReadonlyMap<string, Revert> {
    return this.#reverts
  }

  /** The revision after which changes are asked for; null: the client asks for all flags. */
  get resumable(): number | null {
    return this.#knowsReverts ? this.revision : null
  }

  /** The flag's time-box, where it is over by the clock and its end is no revision yet. */
  overdue(key: string): Revert | undefined {
    if (this.#reverts.size === 0) return undefined
    const revert = this.#reverts.get(key)
    return revert !== undefined && revert.at <= this.#now() ? revert : undefined
  }

  get(key: string): string | undefined {
    const revert = this.overdue(key)
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

  /** How many flags have gone back by the clock. */
  countReverted(): number {
    return [...this.#reverts.keys()].filter((key) => this.overdue(key) !== undefined).length
  }

  /** When the next time-box ends that listeners do not know the end of; undefined where there is none. */
  nextEnd(): number | undefined {
    const pending = [...this.#reverts].filter(([key]) => !this.#gone.has(key)).map(([, { at }]) => at)
    return pending.length === 0 ? undefined : Math.min(...pending)
  }

  take(told: Exclude<Told, { type: 'gone' }>): Verdict {
    const { revision } = this
    if (told.type === 'snapshot') {
      const isNews =
        revision === null || told.revision > revision || (told.revision === revision && !this.#knowsReverts)
      return isNews ? this.#replace(told) : { kind: told.revision < revision ? 'older' : 'known' }
    }
    if (revision === null || told.revision > revision + 1) return { kind: 'gap' }
    if (told.revision <= revision) return { kind: 'known' }
    return this.#change(told)
  }

  /** @returns the flags that the clock alone has changed since listeners were last told */
  turn(): Changes {
    return this.#tell(new Map([...this.#reverts.keys()].map((key) => [key, this.#shown(key)])))
  }

  #replace({ revision, flags, reverts, knowsReverts }: Extract<Told, { type: 'snapshot' }>): Verdict {
    const next = new Map(flags)
    const keys = [this.#flags, this.#reverts, next, reverts].flatMap((map) => [...map.keys()])
    const before = new Map(keys.map((key) => [key, this.#shown(key)]))
    this.#flags = next
    this.#reverts = reverts
    this.#knowsReverts = knowsReverts
    this.revision = revision
    return { kind: 'taken', changes: this.#tell(before) }
  }

  #change({ revision, changes, reverts }: Extract<Told, { type: 'change' }>): Verdict {
    const keys = [...changes.map(([key]) => key), ...reverts.keys()]
    const before = new Map(keys.map((key) => [key, this.#shown(key)]))
    const ends = new Set(keys.filter((key) => this.#gone.has(key) || reverts.get(key) === null))
    for (const [key, value] of changes) {
      if (value === null) this.#flags.delete(key)
      else this.#flags.set(key, value)
      // A flag that is changed is in the time-box that is told with it, or in none.
      this.#reverts.delete(key)
    }
    for (const [key, revert] of reverts) {
      if (revert === null) this.#reverts.delete(key)
      else this.#reverts.set(key, revert)
    }
    this.revision = revision
    // A change to the value that it had is told, unless it is the end of a time-box: that was told when it came.
    const always = new Set(changes.map(([key]) => key).filter((key) => !ends.has(key)))
    return { kind: 'taken', changes: this.#tell(before, always) }
  }

  /** What listeners know of a key. */
  #shown(key: string): string | null {
    const text = this.#gone.has(key) ? this.#reverts.get(key)?.to : this.#flags.get(key)
    return text ?? null
  }

  /** From what listeners knew to how things are. */
  #tell(before: Changes, always?: ReadonlySet<string>): Changes {
    const changes: Changes = new Map()
    for (const [key, shown] of before) {
      if (this.overdue(key) === undefined) this.#gone.delete(key)
      else this.#gone.add(key)
      const text = this.#shown(key)
      if (text !== shown || always?.has(key) === true) changes.set(key, text)
    }
    return changes
  }
}
