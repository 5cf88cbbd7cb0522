/** What waits, as `status` and `approve` show it. */
import type { Held, HeldPage } from '../../api/answer-types.ts'
import { bold, dim, quote, type Piece, type Printer } from '../../output/print.ts'
import type { Session } from '../../api/session.ts'

/** Of 500 each: a stash holds at most 10,000 changes. */
const PAGES_MAX = 20

/** What waits, and why the stash is frozen: the public read says only that it is. Services from before do not tell either. */
export type Pending = { held: Held[]; freezeReason: string | null }

export const readHeld = async (session: Session): Promise<Held[]> => (await readPending(session)).held

export async function readPending(session: Session): Promise<Pending> {
  const held: Held[] = []
  let freezeReason: string | null = null
  let after: number | null = 0
  for (let page = 0; page < PAGES_MAX && after !== null; page++) {
    const { body }: { body: HeldPage } = await session.read('/held', { held: 'list' }, { after, limit: 500 })
    held.push(...body.held)
    freezeReason = body.freeze?.reason ?? null
    after = body.next
  }
  return { held, freezeReason }
}

export function printHeld(print: Printer, held: Held[]): void {
  print.table(
    held.map((one): Piece[] => [
      bold(one.held_id),
      describeWait(one),
      describeChange(one),
      dim(`${one.made_by}${one.reason ? `: ${one.reason}` : ''}`),
    ]),
  )
}

const describeWait = ({ waits_for, due_at, expires_at }: Held): string => {
  if (waits_for === 'time') return `at ${due_at ?? '?'}`
  return `for ${waits_for === 'approval' ? 'a second person' : 'its link'}${expires_at ? `, until ${expires_at}` : ''}`
}

/** The values that it would write; null takes a key away. None: it does something else. */
export function toWrites({ kind, key = '', value, changes }: Held['change']): { key: string; value: string | null }[] {
  if (kind === 'put') return [{ key, value: value ?? '' }]
  return kind === 'patch' && changes !== undefined ? changes : []
}

function describeChange({ kind, change, keys }: Held): string {
  const does = kind === 'revert' ? 'goes back: ' : ''
  const writes = toWrites(change)
  if (writes.length > 0) {
    const words = writes.map(({ key, value }) =>
      value === null ? `${key} away` : `${key || (keys[0] ?? '')} = ${quote(value)}`,
    )
    return does + words.join(', ')
  }
  return `${does}${change.kind}${change.revision === undefined ? '' : ` ${change.revision}`} ${keys.join(', ')}`
}
