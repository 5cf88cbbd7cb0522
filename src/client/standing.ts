/**
 * How far the copy can be trusted: what `status()` says. It is worked out when it is asked for, so that a process that
 * slept, or a stream that went silent a minute ago, does not look fresh.
 */
export type Status = {
  /**
   * - `empty`: nothing is known yet, every read gives its default
   * - `fresh`: the service tells us of each change, or was asked a moment ago
   * - `behind`: last known values; nobody says whether they still hold
   * - `gone`: the stash was deleted, or is not known where it once was; last known values
   * - `closed`: last known values, and no more
   */
  state: 'empty' | 'fresh' | 'behind' | 'gone' | 'closed'
  /** null: nothing is known. */
  revision: number | null
  /** Since when the state is what it is; of `behind`, since when we have not heard from the service. In ms. */
  since: number
  /** When the service last stood behind the copy; null: not in this process's life. In ms. */
  confirmedAt: number | null
  via: 'stream' | 'poll' | null
  /** How many flags have gone back by the clock, their time-boxes being over, and the service has not told it yet. */
  reverted: number
  /** The last thing that went wrong with the service, also where it has recovered. */
  error: { message: string; at: number } | null
}

export class Standing {
  readonly #startedAt = Date.now()
  #confirmedAt: number | null = null
  #freshSince: number | null = null
  #via: Status['via'] = null
  #error: Status['error'] = null
  #end: { state: 'gone' | 'closed'; at: number } | null = null
  /** It held less than it once did: a sign of life is no word for the copy until it is as far as we are. */
  #doubted = false
  /**
   * Whether a revision was confirmed since this stream was opened. Before that its signs of life say nothing of the copy:
   * what was missed may be on its way behind them.
   */
  #assured = false
  /** Since when the service says that there is no such stash. It may be the wrong service, so this need not be the end. */
  #missingSince: number | null = null
  readonly #limitsMs: { stream: number; poll: number }

  /** @param limitsMs after how long without a word the copy is behind, whatever we know of */
  constructor(limitsMs: { stream: number; poll: number }) {
    this.#limitsMs = limitsMs
  }

  get ended(): boolean {
    return this.#end !== null
  }

  /** Whether the service has to be asked, though it streams. */
  get doubted(): boolean {
    return this.#doubted || !this.#assured
  }

  /** There is a stream. */
  open(): void {
    this.#assured = false
  }

  /**
   * The service is there. On a stream that has confirmed a revision, that is as good as having told us all that it has.
   * @returns whether the copy is fresh now, and was not before
   */
  hear(via: 'stream' | 'poll'): boolean {
    if (this.doubted) return false
    const now = Date.now()
    const becomesFresh = this.#freshSince === null || this.#isOverdue(now)
    if (becomesFresh) this.#freshSince = now
    this.#confirmedAt = now
    this.#missingSince = null
    this.#via = via
    return becomesFresh
  }

  /** @returns what `hear` does */
  believe(via: 'stream' | 'poll'): boolean {
    this.#doubted = false
    this.#assured = true
    return this.hear(via)
  }

  doubt(): void {
    this.#doubted = true
    this.#freshSince = null
  }

  note(message: string): void {
    this.#error = { message, at: Date.now() }
  }

  miss(): void {
    this.#missingSince ??= Date.now()
  }

  /** No stream: whoever was told by polls still is. No poll either: nobody is. */
  lose(road: 'stream' | 'poll'): void {
    if (road === 'poll' || this.#via === 'stream') this.#freshSince = null
  }

  /** What ends stays ended; a stash that is gone can still be closed. */
  end(state: 'gone' | 'closed'): void {
    if (this.#end?.state !== 'closed') this.#end = { state, at: Date.now() }
  }

  read(revision: number | null, reverted: number): Status {
    const now = Date.now()
    const rest = { revision, confirmedAt: this.#confirmedAt, via: this.#via, reverted, error: this.#error }
    if (this.#end !== null) return { state: this.#end.state, since: this.#end.at, ...rest }
    if (revision === null) return { state: 'empty', since: this.#startedAt, ...rest }
    if (this.#freshSince !== null && !this.#isOverdue(now)) return { state: 'fresh', since: this.#freshSince, ...rest }
    if (this.#missingSince !== null) return { state: 'gone', since: this.#missingSince, ...rest }
    return { state: 'behind', since: this.#confirmedAt ?? this.#startedAt, ...rest }
  }

  /** Also where the clock was put back, and nobody knows how long it has been. */
  #isOverdue(now: number): boolean {
    const age = now - (this.#confirmedAt ?? now)
    return age < 0 || age > this.#limitsMs[this.#via ?? 'poll']
  }
}
