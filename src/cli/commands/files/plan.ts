/** What would change, as `diff` and `apply` show it. */
import type { Plan } from '../../api/answer-types.ts'
import { paint, quote, type Paint, type Piece, type Printer } from '../../output/print.ts'

export const isEmpty = ({ changes, guards }: Plan): boolean => changes.length + guards.length === 0

export function printPlan(print: Printer, plan: Plan): void {
  const values = plan.changes.map(({ key, before, after }) => toRow(key, showValue(before), showValue(after)))
  const guards = plan.guards.map(({ key, before, after }) => toRow(`guard ${key}`, showGuard(before), showGuard(after)))
  print.table([...values, ...guards])
}

const showValue = (value: string | null): string | null => (value === null ? null : quote(value))
const showGuard = (guard: unknown): string | null => (guard === null ? null : JSON.stringify(guard))

function toRow(name: string, before: string | null, after: string | null): Piece[] {
  const [sign, as, words] = describeChange(before, after)
  return [paint(as, sign), name, words]
}

function describeChange(before: string | null, after: string | null): [string, Paint, string] {
  if (before === null) return ['+', 'green', after ?? '']
  if (after === null) return ['-', 'red', before]
  // Of a value that stays, its media type changes.
  return ['~', 'yellow', before === after ? `${after} (its type)` : `${before} → ${after}`]
}
