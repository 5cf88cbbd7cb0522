/**
 * What is true: the flags at each revision, as the object's tables had them when it was committed. What is not durable can
 * be lost, and is true no more then; and after a recovery there may be two states of one revision, of the old world and of
 * the new one.
 */
import type { Disk } from './runtime/disk.ts'

/** What a time-boxed key goes back to, and when. */
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
  /** The states of the world as it is now, in order. */
  #line: State[] = []
  /** The highest revision of a write that somebody was told of, in the world as it is now. */
  #acknowledged = 0
  /** What KV had when the object went back; null where it never did. */
  #readersHad: number | null = null

  get head(): State {
    if (this.#head === null) throw new Error('nothing is true yet')
    return this.#head
  }

  /** Which world it is: another one after each recovery. */
  line = 0

  get states(): readonly State[] {
    return this.#line
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
    this.#line.push(state)
    this.#states.set(state.revision, [state, ...(this.#states.get(state.revision) ?? [])])
  }

  durable(): void {
    for (let i = this.#line.length - 1; i >= 0; i--) {
      const state = this.#line[i]
      if (state === undefined || state.isDurable) return
      state.isDurable = true
    }
  }

  /** Forgets what was lost. Returns what must never be lost and was, in words; null where all is well. */
  lost(): string | null {
    while (this.#line.at(-1)?.isDurable === false) {
      const state = this.#line.pop()
      if (state === undefined) break
      const others = (this.#states.get(state.revision) ?? []).filter((other) => other !== state)
      this.#states.set(state.revision, others)
    }
    this.#head = this.#line.at(-1) ?? null
    const revision = this.#head?.revision ?? 0
    const known = this.#acknowledged
    return known > revision ? `revision ${known} was acknowledged, and the crash left ${revision}` : null
  }

  /** It has made the same revisions again before it looked at KV, which then says nothing of it. */
  get isOvertaken(): boolean {
    return this.#readersHad !== null && this.#line.some(({ revision }) => revision === this.#readersHad)
  }

  acknowledge(revision: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, revision)
  }

  begin(disk: Disk, now: number): void {
    this.observe(disk, now)
    this.durable()
  }

  /** The object is an older one of itself. `readersHad`: the revision that KV had until then. */
  goBack(disk: Disk, now: number, readersHad: number): void {
    this.line++
    this.#line = []
    this.#head = null
    this.#acknowledged = 0
    this.#readersHad = readersHad
    this.begin(disk, now)
  }

  /**
   * Whether an answer may say this of a key at this revision, within so many ms of this moment. `isRaw`: it may come from
   * what does not say when time-boxes end.
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
        viewOf(state, key, now - toleranceMs) === value ||
        viewOf(state, key, now + toleranceMs) === value ||
        (isRaw && (state.flags.get(key) ?? null) === value),
    )
  }

  /** What the tables had at this revision, in each world that had it. */
  statesAt = (revision: number): readonly State[] => this.#states.get(revision) ?? []

  isKnown = (revision: number): boolean => (this.#states.get(revision)?.length ?? 0) > 0

  isGoneAt = (revision: number): boolean => this.#states.get(revision)?.some(({ isDeleted }) => isDeleted) === true
}

/** The value of a key at this time: a time-box past its end is over. Null: there is no such flag. */
export function viewOf(state: State, key: string, now: number): string | null {
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
