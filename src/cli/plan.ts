/** What would change, as `diff` and `apply` show it. */
import { paint, quote, type Paint, type Piece, type Printer } from './print.ts'

export type Plan = {
  /** The revision that it was made for. */
  revision: number
  changes: { key: string; before: string | null; after: string | null }[]
  guards: { key: string; before: unknown; after: unknown }[]
}

export const isEmpty = ({ changes, guards }: Plan): boolean => changes.length + guards.length === 0

export function printPlan(print: Printer, plan: Plan): void {
  const values = plan.changes.map(({ key, before, after }) => rowOf(key, showValue(before), showValue(after)))
  const guards = plan.guards.map(({ key, before, after }) => rowOf(`guard ${key}`, showGuard(before), showGuard(after)))
  print.table([...values, ...guards])
}

const showValue = (value: string | null): string | null => (value === null ? null : quote(value))
const showGuard = (guard: unknown): string | null => (guard === null ? null : JSON.stringify(guard))

function rowOf(name: string, before: string | null, after: string | null): Piece[] {
  const [sign, as, words] = wordChange(before, after)
  return [paint(as, sign), name, words]
}

function wordChange(before: string | null, after: string | null): [string, Paint, string] {
  if (before === null) return ['+', 'green', after ?? '']
  if (after === null) return ['-', 'red', before]
  // Of a value that stays, its media type changes.
  return ['~', 'yellow', before === after ? `${after} (its type)` : `${before} → ${after}`]
}
