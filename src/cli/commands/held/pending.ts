/** The pending changes of a stash: how they are read and described. */
import type { Held, HeldPage } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { bold, dim, showValue, type Piece, type Printer } from '../../output/print.ts'
import { formatRelativeFirst } from '../../output/time-text.ts'

/** Of 500 each: a stash holds at most 10,000 changes. */
const PAGES_MAX = 20

/** The pending changes, and by whom and why flags are frozen: the public read says only that they are. Older services do not tell either. */
export type Pending = {
  held: Held[]
  /** Of the freeze of every flag. */
  freezeReason: string | null
  freezes: NonNullable<HeldPage['freezes']>
}

export const readHeld = async (session: Session): Promise<Held[]> => (await readPending(session)).held

export async function readPending(session: Session): Promise<Pending> {
  const held: Held[] = []
  let freezeReason: string | null = null
  let freezes: Pending['freezes'] = []
  let after: number | null = 0
  for (let page = 0; page < PAGES_MAX && after !== null; page++) {
    const { body }: { body: HeldPage } = await session.read('/held', { held: 'list' }, { after, limit: 500 })
    held.push(...body.held)
    freezeReason = body.freeze?.reason ?? null
    freezes = body.freezes ?? []
    after = body.next
  }
  return { held, freezeReason, freezes }
}

/** Approvals come first, because they need a person; reverts come last. */
const ORDER: Record<Held['kind'], number> = { approval: 0, link: 1, schedule: 2, revert: 3 }

export const sortHeld = (held: readonly Held[]): Held[] =>
  held.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind] || (a.due_at ?? '').localeCompare(b.due_at ?? ''))

export function printHeld(print: Printer, held: readonly Held[]): void {
  print.table(
    sortHeld(held).map((one): Piece[] => [
      bold(one.held_id),
      describeWait(one),
      describeChange(one),
      dim(describeMaker(one)),
    ]),
  )
}

/** The reason of a revert is a sentence of the stash about the change that it ends; the person behind it is `set_by`. */
function describeMaker({ kind, set_by, made_by, reason }: Held): string {
  const who = kind === 'revert' ? (set_by?.label ?? made_by) : made_by
  return `by ${who}${reason === null || kind === 'revert' ? '' : `: ${reason}`}`
}

export function describeWait({ kind, waits_for, due_at, expires_at }: Held): string {
  if (waits_for === 'time') return due_at === null ? 'at its time' : formatRelativeFirst(due_at)
  const what = kind === 'approval' ? 'needs approval' : 'link not used yet'
  return expires_at === null ? what : `${what}, expires ${formatRelativeFirst(expires_at)}`
}

/** The values that it would write; null deletes the flag. None: it does something else. */
export function toWrites({ kind, key = '', value, changes }: Held['change']): { key: string; value: string | null }[] {
  if (kind === 'put') return [{ key, value: value ?? '' }]
  if (kind === 'delete') return [{ key, value: null }]
  return kind === 'patch' && changes !== undefined ? changes : []
}

/** `checkout.maintenance-mode goes back to false`, `a becomes 1`. */
export function describeChange({ kind, change, keys }: Held): string {
  const becomes = kind === 'revert' ? 'goes back to' : 'becomes'
  const writes = toWrites(change)
  if (writes.length > 0) {
    const texts = writes.map(({ key, value }) => {
      const name = key || (keys[0] ?? '')
      return value === null ? `${name} is deleted` : `${name} ${becomes} ${showValue(value)}`
    })
    return texts.join(', ')
  }
  return `${change.kind.replaceAll('_', ' ')}${change.revision === undefined ? '' : ` ${change.revision}`} ${keys.join(', ')}`
}
