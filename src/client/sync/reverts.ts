/** The pending reverts of time-boxes, from the service or from a store: the value that a flag goes back to, and when. */

export type Revert = {
  /** In ms since the epoch, by the service's clock. */
  at: number
  /** null: the flag is deleted. */
  to: string | null
}

export type Reverts = Map<string, Revert>

/** @returns undefined if `raw` is not a revert */
export function parseRevert(raw: unknown): Revert | undefined {
  if (typeof raw !== 'object' || raw === null || !('at' in raw) || !('to' in raw)) return undefined
  const at = typeof raw.at === 'string' && ISO_TIME.test(raw.at) ? Date.parse(raw.at) : NaN
  if (Number.isNaN(at) || (raw.to !== null && typeof raw.to !== 'string')) return undefined
  return { at, to: raw.to }
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

export const serializeReverts = (
  reverts: ReadonlyMap<string, Revert>,
): Record<string, { at: string; to: string | null }> =>
  Object.fromEntries([...reverts].map(([key, { at, to }]) => [key, { at: new Date(at).toISOString(), to }]))
