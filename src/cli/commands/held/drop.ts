/**
 * `drop`: what waits will not happen. Of a time-boxed change, what waits is its end, and to drop that is the opposite of
 * ending it: the value stays for good. That is said, and asked about, before it is done.
 */
import type { ChangeReply, Held, ItemList } from '../../api/answer-types.ts'
import { WRITE, type Command } from '../../command.ts'
import { agree } from '../../input/confirm.ts'
import type { Exit } from '../../exit.ts'
import { readHeld, toWrites } from './held.ts'
import { MAINTENANCE } from '../shortcuts/maintenance.ts'
import { quote, type Printer } from '../../output/print.ts'
import { replyChange } from '../../output/reply-change.ts'
import type { Session } from '../../api/session.ts'

export const drop: Command = {
  usage: '<held id>',
  takes: [1, 1],
  options: { yes: { means: 'do not ask, where it is the end of a change for a time' }, ...WRITE },
  notes:
    'Of a change for a time it drops the end, and the value stays; to end it now, write the value instead. Ids: "switchyard approve".',
  async run(input, { print, session }) {
    const stash = session()
    const [id = ''] = input.args
    const send = async (done?: string): Promise<Exit> => {
      const path = `/held/${encodeURIComponent(id)}`
      return replyChange(print, await stash.change<ChangeReply>('DELETE', path, undefined, input), done)
    }
    const end = (await readHeld(stash)).find(({ held_id, kind }) => held_id === id && kind === 'revert')
    if (end === undefined) return send()
    const stays = await describeStaying(stash, end)
    if (!input.isSet('yes')) {
      explain(print, end, stays)
      await agree('Let it stay so?', {
        unasked: '--yes lets it stay.',
        declined: 'Not dropped: it goes back as planned.',
      })
    }
    return send(`Dropped: ${stays}`)
  },
}

/** What the flags would be for good. The stash itself is asked: a public read may be a second old. */
async function describeStaying(stash: Session, { keys }: Held): Promise<string> {
  const { body } = await stash.read<ItemList>('/items', { items: 'list' })
  const values = new Map(body.items.map(({ key, value }) => [key, value]))
  const stay = keys.map((key) => {
    const value = values.get(key)
    return value === undefined ? `${key} stays away` : `${key} stays ${quote(value)}`
  })
  return `${stay.join(', ')}, with no end`
}

function explain(print: Printer, end: Held, stays: string): void {
  const back = toWrites(end.change).map(({ key, value }) =>
    value === null ? `${key} would be taken away` : `${key} would go back to ${quote(value)}`,
  )
  const when = end.due_at === null ? '' : ` at ${end.due_at}`
  if (back.length > 0) print.say(`${back.join(', ')}${when}.`)
  const now = commandFor(end)
  if (now !== null) print.say(`To end it now: switchyard ${now}`)
  print.say(`Without this end, ${stays}.`)
}

/** What does now what the end would do later; null where no command of ours does. */
function commandFor({ change, ends }: Held): string | null {
  const [only, ...others] = toWrites(change)
  if (only !== undefined && others.length === 0) {
    const { key, value } = only
    if (key === MAINTENANCE && value === 'false') return 'maintenance off'
    if (value === null) return `unset ${writeWord(key)}`
    if (/^[\x20-\x7e]{1,60}$/.test(value))
      return `set ${writeWord(key)} ${value.startsWith('-') ? '-- ' : ''}${writeWord(value)}`
  }
  return typeof ends === 'number' ? `undo ${ends}` : null
}

/** As one word of a shell. */
const writeWord = (text: string): string =>
  /^[\w.:@%+=,/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
