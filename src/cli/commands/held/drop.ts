/**
 * `drop`: a pending change is not made. Of a time-boxed change, its end is pending, and to drop that is the opposite of ending
 * it: the value stays for good. That is said, and asked about, before it is done.
 */
import type { Held } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { toReasonCall } from '../../change/change-options.ts'
import { readFlags } from '../../change/find-flags.ts'
import { performChange } from '../../change/perform-change.ts'
import { WRITE, type Command } from '../../command.ts'
import { showValue } from '../../output/print.ts'
import { formatTime } from '../../output/time-text.ts'
import { MAINTENANCE } from '../shortcuts/maintenance.ts'
import { findHeld } from './held.ts'
import { describeChange, readHeld, toWrites } from './pending.ts'

export const drop: Command = {
  usage: '<held id>',
  takes: [1, 1],
  options: WRITE,
  examples: [
    ['switchyard drop mYrzHzH4421AimLu --reason "not tonight"', 'decline or cancel a pending change; asks first'],
  ],
  notes:
    'Of a change for a time it drops the end, and the value stays; to end it now, write the value instead. "held" has the ids.',
  async run(input, { print, session }) {
    const stash = session()
    const [id = ''] = input.args
    const one = findHeld(await readHeld(stash), id)
    const call = toReasonCall(input)
    const path = stash.path(`/held/${encodeURIComponent(id)}`)
    const base = { method: 'DELETE', path, call } as const
    if (one.kind !== 'revert') {
      return performChange(print, stash, input, {
        ...base,
        action: `Drop ${id}`,
        consequence: `${id}, asked for by ${one.made_by}, will not be made: ${describeChange(one)}.`,
        done: () => `${id} is dropped, and will not be made: ${describeChange(one)}`,
      })
    }
    const stays = await describeStaying(stash, one)
    return performChange(print, stash, input, {
      ...base,
      action: `Keep it with no end`,
      consequence: describeConsequence(one, stays, stash),
      done: () => `${stays}`,
    })
  },
}

/** The values that the flags would have for good. */
async function describeStaying(stash: Session, { keys }: Held): Promise<string> {
  const values = await readFlags(stash)
  const stay = keys.map((key) => {
    const value = values.get(key)
    return value === undefined ? `${key} stays deleted` : `${key} stays ${showValue(value)}`
  })
  return `${stay.join(', ')}, with no end`
}

/** The safe way is offered first. */
function describeConsequence(end: Held, stays: string, stash: Session): string {
  const when = end.due_at === null ? '' : ` at ${formatTime(end.due_at)}`
  const now = findCommand(end)
  const where = stash.settings.profile === undefined ? '' : ` -p ${stash.settings.profile}`
  const instead = now === null ? '' : ` To end it now instead: switchyard${where} ${now}.`
  return `${describeChange(end)}${when}.${instead} Without this end, ${stays}.`
}

/** The command that does now what the end would do later; null where no command does. */
function findCommand({ change, ends }: Held): string | null {
  const [only, ...others] = toWrites(change)
  if (only !== undefined && others.length === 0) {
    const { key, value } = only
    const service = key.endsWith(`.${MAINTENANCE.key}`) ? key.slice(0, -MAINTENANCE.key.length - 1) : ''
    const isMaintenance = value === 'false' && (service !== '' || key === MAINTENANCE.key)
    if (isMaintenance) return `maintenance off ${quoteWord(service)}`.trimEnd()
    if (value === null) return `delete ${quoteWord(key)}`
    if (/^[\x20-\x7e]{1,60}$/.test(value))
      return `set ${quoteWord(key)} ${value.startsWith('-') ? '-- ' : ''}${quoteWord(value)}`
  }
  return typeof ends === 'number' ? `undo ${ends}` : null
}

/** As one word of a shell. */
const quoteWord = (text: string): string =>
  /^[\w.:@%+=,/-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
