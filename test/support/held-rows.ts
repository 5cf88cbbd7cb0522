/** Builds held changes of each kind, and tables that contain them. */
import type { Held, HeldApproval, HeldLink, HeldRevert, HeldSchedule } from '../../src/model/held.ts'
import { putHeld } from '../../src/stash/tables/held.ts'
import { makeStash } from './tables.ts'

const createBase = (id: string) => ({
  id,
  change: { kind: 'put' as const, key: 'a', value: 'x', type: 'text/plain' },
  keys: ['a'],
  reason: null,
  madeBy: null,
  madeAt: 0,
})
export const LATER = 1e12
export const createSchedule = (id: string, facts: Partial<HeldSchedule> = {}): HeldSchedule => ({
  ...createBase(id),
  kind: 'schedule',
  dueAt: LATER,
  approvedBy: null,
  brokeGlass: null,
  asked: null,
  ...facts,
})
export const createApproval = (id: string, facts: Partial<HeldApproval> = {}): HeldApproval => ({
  ...createBase(id),
  kind: 'approval',
  expiresAt: LATER,
  dueAt: LATER,
  brokeGlass: null,
  asked: null,
  ...facts,
})
export const createLink = (id: string, facts: Partial<HeldLink> = {}): HeldLink => ({
  ...createBase(id),
  kind: 'link',
  secretHash: 'h',
  expiresAt: LATER,
  decision: null,
  asked: null,
  ...facts,
})
export const createInternal = (id: string, kind: 'thaw' | 'lapse', dueAt = LATER): Held => ({
  ...createBase(id),
  kind,
  dueAt,
})
export const createRevert = (
  id: string,
  dueAt: number,
  keys: string[],
  facts: Partial<HeldRevert> = {},
): HeldRevert => ({
  ...createBase(id),
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
