/** `watch`: a line for each revision, as it is committed. It ends when somebody ends it, or the stash is deleted. */
import type { FlagUpdate } from '../../../client/sync/flag-update.ts'
import type { Command } from '../../command.ts'
import { followEvents } from '../../api/event-stream.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { bold, dim, quote, type Printer } from '../../output/print.ts'

export const watch: Command = {
  usage: '[<key> …]',
  takes: [0, 100],
  examples: [['switchyard watch', 'every change']],
  options: { after: { takes: '<revision>', means: 'begin with what came after it, instead of now' } },
  notes:
    'Takes no token. A line for each change, in order and once, also over breaks of the connection. Ctrl-C ends it.',
  async run(input, { print, session }) {
    const { settings } = session()
    const onBreak = (seen: number | undefined): void =>
      print.say(dim(`The connection was lost; resuming${seen === undefined ? '' : ` after revision ${seen}`} …`))
    const onUpdate = (update: FlagUpdate): void => printEvent(print, update)
    await followEvents(settings, { after: readAfter(input.text('after')), keys: input.args, onUpdate, onBreak })
    print.say('The stash was deleted.')
    return EXIT.refused
  },
}

function readAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new Misuse(`--after takes a revision; "${text}" is none.`)
  return Number(text)
}

function printEvent(print: Printer, event: FlagUpdate): void {
  const { type, revision } = event
  if (print.json) return print.document(asWire(event))
  const time = dim(new Date().toISOString().slice(11, 19))
  if (type === 'snapshot')
    print.line(time, ' ', bold(`#${revision}`), dim(' as it stands '), describeValues(event.flags))
  if (type === 'change')
    print.line(time, ' ', bold(`#${revision}`), ' ', describeValues(event.changes) || dim('no flag changed'))
}

/** The JSON that the service tells it in. */
function asWire(event: FlagUpdate): object {
  const { type, revision } = event
  if (event.type === 'gone') return { type, revision }
  const values =
    event.type === 'snapshot'
      ? { flags: Object.fromEntries(event.flags) }
      : { changes: Object.fromEntries(event.changes) }
  const reverts = Array.from(event.reverts, ([key, revert]) => [
    key,
    revert && { at: new Date(revert.at).toISOString(), to: revert.to },
  ])
  return { type, revision, ...values, ...(reverts.length > 0 && { reverts: Object.fromEntries(reverts) as object }) }
}

const describeValues = (values: [string, string | null][]): string =>
  values.map(([key, value]) => (value === null ? `${key} away` : `${key}=${quote(value)}`)).join(' ')
