/** When the stash's one alarm must ring next: the earliest of everything that waits. */
export type Waiting = {
  /** When KV may and must be written next; null when it is up to date. */
  publishAt: number | null
  /** When the next held change is due; null when none is. */
  heldAt: number | null
}

export function nextAlarm({ publishAt, heldAt }: Waiting): number | null {
  if (publishAt === null || heldAt === null) return publishAt ?? heldAt
  return Math.min(publishAt, heldAt)
}
