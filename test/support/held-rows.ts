/** Held changes of each kind, and a stash that has some. */
import type { Held, HeldApproval, HeldLink, HeldRevert, HeldSchedule } from '../../src/model/held.ts'
import { putHeld } from '../../src/stash/tables/held.ts'
import { makeStash } from './tables.ts'

const baseOf = (id: string) => ({
  id,
  change: { kind: 'put' as const, key: 'a', value: 'x', type: 'text/plain' },
  keys: ['a'],
  reason: null,
  madeBy: null,
  madeAt: 0,
})
export const LATER = 1e12
export const scheduleOf = (id: string, facts: Partial<HeldSchedule> = {}): HeldSchedule => ({
  ...baseOf(id),
  kind: 'schedule',
  dueAt: LATER,
  approvedBy: null,
  brokeGlass: null,
  asked: null,
  ...facts,
})
export const approvalOf = (id: string, facts: Partial<HeldApproval> = {}): HeldApproval => ({
  ...baseOf(id),
  kind: 'approval',
  expiresAt: LATER,
  dueAt: LATER,
  brokeGlass: null,
  asked: null,
  ...facts,
})
export const linkOf = (id: string, facts: Partial<HeldLink> = {}): HeldLink => ({
  ...baseOf(id),
  kind: 'link',
  secretHash: 'h',
  expiresAt: LATER,
  decision: null,
  asked: null,
  ...facts,
})
export const internalOf = (id: string, kind: 'thaw' | 'lapse', dueAt = LATER): Held => ({ ...baseOf(id), kind, dueAt })
export const revertOf = (id: string, dueAt: number, keys: string[], facts: Partial<HeldRevert> = {}): HeldRevert => ({
  ...baseOf(id),
  kind: 'revert',
  keys,
  dueAt,
  ends: 1,
  setBy: null,
  change: { kind: 'patch', changes: keys.map((key) => ({ key, value: null })) },
  ...facts,
})

export function makeHeld(...rows: Held[]) {
  const { sql } = makeStash()
  for (const held of rows) putHeld(sql, held)
  const ids = () => sql.rows('SELECT id FROM held ORDER BY rowid').map(({ id }) => id)
  const counted = () => sql.rows('SELECT held_count, held_bytes FROM stash')[0]
  return { sql, ids, counted }
}
