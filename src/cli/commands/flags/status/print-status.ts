/** Prints the status of one stash for people: the totals, what is not normal, then every service with its flags. */
import { groupBy } from './group-by.ts'
import type { Session } from '../../../api/session.ts'
import { toService } from '../../../change/find-flags.ts'
import { bold, dim, paint, showValue, type Piece, type Printer } from '../../../output/print.ts'
import { printHeld } from '../../held/pending.ts'
import {
  colourOf,
  describeDetails,
  describeFreeze,
  describeTotals,
  listNotNormal,
  toNotNormalRow,
} from './describe-status.ts'
import type { FlagStatus, StashStatus } from './read-status.ts'

export function printStatus(print: Printer, stash: Session, status: StashStatus, isLong: boolean): void {
  const { facts, held, flags } = status
  const name = facts.name === null || facts.name === stash.label ? '' : ` (${facts.name})`
  print.line(bold(stash.label), name, '  ', ...describeTotals(status), dim(` · revision ${facts.revision}`))
  for (const freeze of status.freezes) {
    const { by, reason } = freeze
    if (by === null && reason === null) continue
    const who = by === null ? '' : ` by ${by}`
    print.line(paint('yellow', `  ${describeFreeze(freeze)}${who}${reason === null ? '' : `: ${reason}`}`))
  }
  printNotNormal(print, status)
  printServices(print, flags, isLong)
  if (held === null || held.length === 0) return
  print.line()
  print.line(bold('Pending'))
  printHeld(print, held)
}

export function printNotNormal(print: Printer, status: StashStatus): void {
  const notNormal = listNotNormal(status)
  if (notNormal.length === 0) return
  print.line()
  print.line(bold('Not normal'))
  print.table(notNormal.map(toNotNormalRow))
}

/** One table, so that the columns of all services are in line. */
function printServices(print: Printer, flags: readonly FlagStatus[], isLong: boolean): void {
  const services = groupBy(flags, ({ key }) => toService(key))
  // The stash as a whole comes first, as its keys are sorted among the services.
  const sorted = [...services].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (sorted.length > 0) print.line()
  print.table(
    sorted.flatMap(([service, members]) => [
      [bold(service === '' ? 'The stash as a whole' : service)],
      ...members.map((flag) => toRow(service, flag, isLong)),
    ]),
  )
}

function toRow(service: string, flag: FlagStatus, isLong: boolean): Piece[] {
  const { key, value } = flag
  const name = service === '' ? key : key.slice(service.length + 1)
  const shown = paint(colourOf(flag), value === null ? 'deleted' : showValue(value))
  return isLong ? [`  ${name}`, shown, dim(describeDetails(flag))] : [`  ${name}`, shown]
}
