/** What pending time-boxes will put back, and when: read from what the service tells, or from what a store kept. */

export type Revert = {
  /** In ms since the epoch, of the service's time. */
  at: number
  /** null: the flag goes away. */
  to: string | null
}

export type Reverts = Map<string, Revert>

/** undefined: it is none. */
export function readRevert(raw: unknown): Revert | undefined {
  if (typeof raw !== 'object' || raw === null || !('at' in raw) || !('to' in raw)) return undefined
  const at = typeof raw.at === 'string' && ISO_TIME.test(raw.at) ? Date.parse(raw.at) : NaN
  if (Number.isNaN(at) || (raw.to !== null && typeof raw.to !== 'string')) return undefined
  return { at, to: raw.to }
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

export const writeReverts = (reverts: ReadonlyMap<string, Revert>): Record<string, { at: string; to: string | null }> =>
  Object.fromEntries([...reverts].map(([key, { at, to }]) => [key, { at: new Date(at).toISOString(), to }]))
