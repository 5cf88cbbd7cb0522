/**
 * A held change as the `held` table has it: one flat row for every kind, with null where a kind has no such field. Messages
 * to the Worker list held changes in this form, because Workers of the version before read it.
 */
import type { Person } from '../../model/access/permit.ts'
import type { BrokenGlass } from '../../model/freeze.ts'
import type { Held, HeldKind } from '../../model/held.ts'
import type { Holdable, Patch } from '../../model/intent.ts'

/** The columns, with those in JSON parsed. */
export type FlatHeld = {
  id: string
  kind: HeldKind
  change: Holdable
  keys: string[]
  reason: string | null
  made_by: string | null
  made_at: number
  secret_hash: string | null
  expires_at: number | null
  due_at: number | null
  decision: string | null
  ends: number | null
  approved_by: Person | null
  broke_glass: BrokenGlass | null
  asked: number | null
  set_by: Person | null
}

/** As stored: the JSON columns are texts, and `set_by` is the id alone. */
export type HeldRow = Omit<FlatHeld, 'change' | 'keys' | 'approved_by' | 'broke_glass' | 'set_by'> & {
  change: string
  keys: string
  approved_by: string | null
  broke_glass: string | null
  set_by: string | null
  set_by_label: string | null
}

type Fields<H> = H extends Held ? Omit<H, 'kind'> : never
type OwnFields = Partial<
  Pick<Fields<Extract<Held, { kind: 'link' }>>, 'secretHash' | 'expiresAt' | 'decision' | 'asked'> &
    Pick<Fields<Extract<Held, { kind: 'schedule' }>>, 'dueAt' | 'approvedBy' | 'brokeGlass'> &
    Pick<Fields<Extract<Held, { kind: 'revert' }>>, 'ends' | 'setBy'>
>

export function flattenHeld(held: Held): FlatHeld {
  const own: OwnFields = held
  return {
    id: held.id,
    kind: held.kind,
    change: held.change,
    keys: held.keys,
    reason: held.reason,
    made_by: held.madeBy,
    made_at: held.madeAt,
    secret_hash: own.secretHash ?? null,
    expires_at: own.expiresAt ?? null,
    due_at: own.dueAt ?? null,
    decision: own.decision ?? null,
    ends: own.ends ?? null,
    approved_by: own.approvedBy ?? null,
    broke_glass: own.brokeGlass ?? null,
    asked: own.asked ?? null,
    set_by: own.setBy ?? null,
  }
}

/**
 * Only `putHeld` and a migration write the JSON columns. A row without the hash or the time that its kind needs is damaged,
 * because every version has written these. The defaults for such a row are safe: no secret matches it, it has expired, or it
 * is due.
 */
export function toHeld(row: HeldRow): Held {
  const { id, kind, reason, made_by: madeBy, made_at: madeAt, decision, asked } = row
  const base = { id, keys: JSON.parse(row.keys) as string[], reason, madeBy, madeAt }
  const [secretHash, expiresAt, dueAt] = [row.secret_hash ?? '', row.expires_at ?? 0, row.due_at ?? 0]
  const brokeGlass = row.broke_glass === null ? null : (JSON.parse(row.broke_glass) as BrokenGlass)
  const parsed: unknown = JSON.parse(row.change)
  if (kind === 'revert') {
    const setBy = row.set_by === null ? null : { id: row.set_by, label: row.set_by_label ?? row.set_by }
    return { ...base, kind, change: parsed as Patch, dueAt, ends: row.ends ?? 0, setBy }
  }
  const change = parsed as Holdable
  switch (kind) {
    case 'link':
      return { ...base, kind, change, secretHash, expiresAt, decision, asked }
    case 'approval':
      return { ...base, kind, change, expiresAt, dueAt, brokeGlass, asked }
    case 'schedule': {
      const approvedBy = row.approved_by === null ? null : (JSON.parse(row.approved_by) as Person)
      return { ...base, kind, change, dueAt, approvedBy, brokeGlass, asked }
    }
    // Lapses and thaws; also a kind of a newer version that was rolled back. It is due at its time, and no secret or person
    // releases it.
    default:
      return { ...base, kind, change, dueAt }
  }
}
