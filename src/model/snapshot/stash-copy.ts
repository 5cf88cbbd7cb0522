/**
 * The flags of a stash and the pending ends of its time-boxes at one revision, from which the snapshot for any filter is made. Each flag
 * is kept as a member of a JSON object, so that no snapshot serializes it again.
 */
import { createKeyMatcher, isPattern } from '../access/key-matcher.ts'
import type { RevertChange } from '../time-box.ts'
import { toRevertRecord, type Value, type WatchEvent } from './watch-event.ts'

export class StashCopy {
  #revision: number
  readonly #members: Map<string, string>
  readonly #reverts: Map<string, RevertChange>
  /** The snapshot for watchers of every key, once it was asked for. */
  #text: string | null = null

  /** @param values every flag of the stash, sorted by key */
  constructor(revision: number, values: Iterable<Value>, reverts: Iterable<RevertChange>) {
    this.#revision = revision
    this.#members = new Map()
    this.#reverts = new Map()
    this.#put(values, reverts)
  }

  get revision(): number {
    return this.#revision
  }

  /** Applies the change of the following revision. */
  apply(change: WatchEvent): void {
    this.#revision = change.revision
    this.#text = null
    this.#put(change.values, 'reverts' in change ? (change.reverts ?? []) : [])
  }

  /** The snapshot as an event of a watch, in JSON, with the flags that the filter lets through. */
  snapshotText(filter: string[] | null): string {
    if (filter === null) return (this.#text ??= this.#write(this.#members.values(), [...this.#reverts.values()]))
    const matches = createKeyMatcher(filter)
    const keys = new Set(filter)
    // Keys that are named are looked up. Only a pattern is tried on every key.
    if (filter.some(isPattern)) for (const key of this.#members.keys()) if (matches(key)) keys.add(key)
    return this.#write(
      [...keys].flatMap((key) => this.#members.get(key) ?? []),
      [...this.#reverts.values()].filter(({ key }) => matches(key)),
    )
  }

  #put(values: Iterable<Value>, reverts: Iterable<RevertChange>): void {
    for (const { key, value } of values) {
      if (value === null) this.#members.delete(key)
      else this.#members.set(key, `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    }
    for (const revert of reverts) {
      if (revert.at === null) this.#reverts.delete(revert.key)
      else this.#reverts.set(revert.key, revert)
    }
  }

  #write(members: Iterable<string>, reverts: RevertChange[]): string {
    const rest = JSON.stringify(toRevertRecord(reverts)).slice(1, -1)
    return `{"type":"snapshot","revision":${this.#revision},"flags":{${[...members].join(',')}}${rest && `,${rest}`}}`
  }
}
