/**
 * The reference for all checks: the flags at each revision, read from the object's tables at its commit. A state that is
 * lost before it is durable is removed again. After a recovery a revision may have two states, one of the old timeline and
 * one of the new.
 */
import type { Disk } from './runtime/disk.ts'

/** The value that a time-boxed key gets at the end of its time-box, and when. */
export type Revert = { at: number; to: string | null }

export type State = {
  revision: number
  /** When it was committed. */
  at: number
  isDurable: boolean
  flags: ReadonlyMap<string, string>
  reverts: ReadonlyMap<string, Revert>
  isDeleted: boolean
}

export class Truth {
  /** By revision: the newest state of it first. */
  readonly #states = new Map<number, State[]>()
  #head: State | null = null
  /** The states of the present timeline, in order. */
  #presentStates: State[] = []
  /** The highest revision that a caller got as the answer to a write, in the present timeline. */
  #acknowledged = 0
  /** The revision in KV at the last recovery; null before the first. */
  #readersHad: number | null = null

  get head(): State {
    if (this.#head === null) throw new Error('nothing has been committed yet')
    return this.#head
  }

  /** The number of the present timeline. Each recovery starts a new one. */
  timeline = 0

  get states(): readonly State[] {
    return this.#presentStates
  }

  /** Reads the tables after a commit. */
  observe(disk: Disk, now: number): void {
    const query = `SELECT 1 FROM sqlite_master WHERE name = 'stash'`
    if (disk.exec(query, []).length === 0) return
    const [row] = disk.exec('SELECT revision, deleted_at FROM stash', [])
    if (row === undefined) return
    const before = this.#head
    if (before !== null && before.revision === row['revision'] && before.isDeleted === isSet(row)) return
    const state: State = {
      revision: Number(row['revision']),
      at: now,
      isDurable: false,
      flags: new Map(
        disk.exec('SELECT key, value FROM item', []).map(({ key, value }) => [String(key), String(value)]),
      ),
      reverts: readReverts(disk),
      isDeleted: isSet(row),
    }
    this.#head = state
    this.#presentStates.push(state)
    this.#states.set(state.revision, [state, ...(this.#states.get(state.revision) ?? [])])
  }

  durable(): void {
    for (let i = this.#presentStates.length - 1; i >= 0; i--) {
      const state = this.#presentStates[i]
      if (state === undefined || state.isDurable) return
      state.isDurable = true
    }
  }

  /** Removes the states that were lost. Returns a message if an acknowledged write was among them, else null. */
  lost(): string | null {
    while (this.#presentStates.at(-1)?.isDurable === false) {
      const state = this.#presentStates.pop()
      if (state === undefined) break
      const others = (this.#states.get(state.revision) ?? []).filter((other) => other !== state)
      this.#states.set(state.revision, others)
    }
    this.#head = this.#presentStates.at(-1) ?? null
    const revision = this.#head?.revision ?? 0
    const known = this.#acknowledged
    return known > revision ? `revision ${known} was acknowledged, and the crash left ${revision}` : null
  }

  /** Whether the object has reached the revision in KV again after a recovery, so that KV no longer shows the divergence. */
  get isOvertaken(): boolean {
    return this.#readersHad !== null && this.#presentStates.some(({ revision }) => revision === this.#readersHad)
  }

  acknowledge(revision: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, revision)
  }

  begin(disk: Disk, now: number): void {
    this.observe(disk, now)
    this.durable()
  }

  /** Starts a new timeline after a recovery. @param readersHad the revision in KV until then */
  goBack(disk: Disk, now: number, readersHad: number): void {
    this.timeline++
    this.#presentStates = []
    this.#head = null
    this.#acknowledged = 0
    this.#readersHad = readersHad
    this.begin(disk, now)
  }

  /**
   * Whether a key may have this value at this revision, at a time within the tolerance of now. `isRaw`: the answer may come
   * from a text in KV that lacks the ends of time-boxes.
   */
  allows(
    revision: number,
    key: string,
    value: string | null,
    now: number,
    { toleranceMs, isRaw }: { toleranceMs: number; isRaw: boolean },
  ): boolean {
    return (this.#states.get(revision) ?? []).some(
      (state) =>
        getValueAt(state, key, now - toleranceMs) === value ||
        getValueAt(state, key, now + toleranceMs) === value ||
        (isRaw && (state.flags.get(key) ?? null) === value),
    )
  }

  /** The states at this revision, one per timeline. */
  statesAt = (revision: number): readonly State[] => this.#states.get(revision) ?? []

  isKnown = (revision: number): boolean => (this.#states.get(revision)?.length ?? 0) > 0

  isGoneAt = (revision: number): boolean => this.#states.get(revision)?.some(({ isDeleted }) => isDeleted) === true
}

/** The value of a key at this time, with a time-box past its end shown as over. Null if there is no such flag. */
export function getValueAt(state: State, key: string, now: number): string | null {
  const revert = state.reverts.get(key)
  return revert !== undefined && revert.at <= now ? revert.to : (state.flags.get(key) ?? null)
}

const isSet = (row: Record<string, unknown>): boolean => row['deleted_at'] !== null

function readReverts(disk: Disk): Map<string, Revert> {
  const query = `SELECT revert.key AS key, held.due_at AS at, held.change AS change
    FROM revert JOIN held ON held.id = revert.held_id`
  return new Map(
    disk.exec(query, []).map(({ key, at, change }) => {
      const { changes } = JSON.parse(String(change)) as { changes: { key: string; value: string | null }[] }
      return [String(key), { at: Number(at), to: changes.find((one) => one.key === key)?.value ?? null }]
    }),
  )
}
