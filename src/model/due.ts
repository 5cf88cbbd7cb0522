/** When the stash's one alarm must ring next: the earliest of everything that waits. */
export type AlarmTimes = {
  /** When KV may and must be written next; null when it is up to date. */
  publishAt: number | null
  /** When the next held change is due; null when none is. */
  heldAt: number | null
  /** When a hub that has not confirmed everything is to be told again; null where all have. */
  hubAt: number | null
  /** When history has something to forget; null when it has not. */
  pruneAt: number | null
  /** When what is late is to be logged again; null while nothing is. */
  examineAt: number | null
}

export function getNextAlarm({ publishAt, heldAt, hubAt, pruneAt, examineAt }: AlarmTimes): number | null {
  const times = [publishAt, heldAt, hubAt, pruneAt, examineAt]
  const earliest = Math.min(...times.map((at) => at ?? Infinity))
  return earliest === Infinity ? null : earliest
}
