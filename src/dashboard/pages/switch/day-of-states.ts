/**
 * Makes stretches of time out of the changes of one switch: which value it had when. What the changes do not tell stays
 * unknown, and is never guessed. Pure: no clock, no page.
 */

/** One change of the switch. `before` and `after` are null where the switch was not there. */
export type ValueChange = {
  revision: number
  /** In ms since the epoch. */
  at: number
  before: string | null
  after: string | null
  /** For a time-box: when it ends. */
  endsAt?: number | undefined
}

/** `value`: null: the switch was not there. undefined: it is not known. */
export type Stretch = { from: number; to: number; value: string | null | undefined }

export type Period = {
  from: number
  /** The present. */
  to: number
  /** The value that the switch has now. */
  current: string | null
  /** Whether there are no changes before the first of these. */
  isComplete: boolean
  /** Since when it has the present value, where that is known apart from the changes. */
  since?: number | null
}

/** The stretches of the period without gaps, the oldest first. Neighbours have different values. */
export function toStretches(changes: Iterable<ValueChange>, period: Period): Stretch[] {
  const { from, to, current, isComplete, since = null } = period
  const sorted = [...changes].sort((a, b) => a.revision - b.revision)
  const [first] = sorted
  const stretches: Stretch[] = []
  // Before the oldest change it had the value that this change replaced, but since when is known only if there is no older change.
  const start = !isComplete ? undefined : first === undefined ? (current === null ? null : undefined) : first.before
  let last: { at: number; value: string | null | undefined } = { at: -Infinity, value: start }
  const turn = (at: number, value: string | null | undefined): void => {
    // The clock of the service may go back, or be ahead of this device's.
    const moment = Math.min(Math.max(at, last.at), to)
    stretches.push({ from: last.at, to: moment, value: last.value })
    last = { at: moment, value }
  }
  for (const { at, after } of sorted) turn(at, after)
  turnToCurrent(sorted.at(-1), { current, since, from, to }, turn)
  turn(to, undefined)
  return join(stretches, from, to)
}

type Ending = { current: string | null; since: number | null; from: number; to: number }

/** The last known change may not be about the present value: it is not read yet, or a time-box has ended by the clock. */
function turnToCurrent(
  last: ValueChange | undefined,
  { current, since, from, to }: Ending,
  turn: (at: number, value: string | null | undefined) => void,
): void {
  if (last?.after === current) return
  if (last === undefined) return turn(since ?? to, current)
  if (last.endsAt !== undefined && last.endsAt <= to) return turn(last.endsAt, current)
  turn(since !== null && since > last.at ? since : Math.max(last.at, from), since === null ? undefined : current)
}

/** Cuts them to the period, drops empty ones, and makes one of neighbours with the same value. */
function join(stretches: Stretch[], from: number, to: number): Stretch[] {
  const joined: Stretch[] = []
  for (const stretch of stretches) {
    const cut = { ...stretch, from: Math.max(stretch.from, from), to: Math.min(stretch.to, to) }
    if (cut.to <= cut.from) continue
    const before = joined.at(-1)
    if (before !== undefined && before.value === cut.value) before.to = cut.to
    else joined.push(cut)
  }
  return joined
}

/** The full hours at which a label stands: 0, 6, 12 and 18 o'clock of this device. */
export function listHours(from: number, to: number): number[] {
  const hour = new Date(from)
  hour.setMinutes(0, 0, 0)
  const hours: number[] = []
  for (let tries = 0; tries < 60 && hour.getTime() <= to; tries++) {
    if (hour.getTime() >= from && hour.getHours() % 6 === 0) hours.push(hour.getTime())
    hour.setHours(hour.getHours() + 1)
  }
  return hours
}
