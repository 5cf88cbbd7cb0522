/** The pending reverts of time-boxes, from the service or from a store: the value that a flag goes back to, and when. */
import { isRecord } from '../requests/call.ts'

export type Revert = {
  /** In ms since the epoch, by the service's clock. */
  at: number
  /** null: the flag is deleted. */
  to: string | null
}

export type Reverts = Map<string, Revert>

/** @returns undefined if `raw` is not a revert */
export function parseRevert(raw: unknown): Revert | undefined {
  const { at, to } = isRecord(raw) ? raw : {}
  const ms = ISO_TIME.test(String(at)) ? Date.parse(String(at)) : NaN
  return Number.isNaN(ms) || !(to === null || typeof to === 'string') ? undefined : { at: ms, to }
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

export const serializeRevert = ({ at, to }: Revert): { at: string; to: string | null } => ({
  at: new Date(at).toISOString(),
  to,
})
