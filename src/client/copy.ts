/**
 * The last known values. Only a higher revision replaces them, whoever brings it: the stream, a poll, the store.
 * They are read in between, so a change is taken in whole or not at all.
 */
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
  #flags = new Map<string, string>()

  get flags(): ReadonlyMap<string, string> {
    return this.#flags
  }

  take(told: Exclude<Told, { type: 'gone' }>): Verdict {
    const { revision } = this
    if (told.type === 'snapshot') {
      if (revision !== null && told.revision <= revision) return { kind: told.revision < revision ? 'older' : 'known' }
      return { kind: 'taken', changes: this.#replace(told.revision, new Map(told.flags)) }
    }
    if (revision === null || told.revision > revision + 1) return { kind: 'gap' }
    if (told.revision <= revision) return { kind: 'known' }
    return { kind: 'taken', changes: this.#change(told.revision, told.changes) }
  }

  #replace(revision: number, flags: Map<string, string>): Changes {
    const changes: Changes = new Map()
    for (const key of this.#flags.keys()) if (!flags.has(key)) changes.set(key, null)
    for (const [key, value] of flags) if (this.#flags.get(key) !== value) changes.set(key, value)
    this.#flags = flags
    this.revision = revision
    return changes
  }

  #change(revision: number, changes: [string, string | null][]): Changes {
    for (const [key, value] of changes) {
      if (value === null) this.#flags.delete(key)
      else this.#flags.set(key, value)
    }
    this.revision = revision
    return new Map(changes)
  }
}
