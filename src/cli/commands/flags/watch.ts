/**
 * `watch`: a line for each revision, as it is committed, with its author where a token may know. It ends when somebody ends it,
 * or the stash is deleted. What is watched is public: the token is for the entries of history only.
 */
import type { FlagUpdate } from '../../../client/sync/flag-update.ts'
import type { Flags, HistoryEntry } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import { isPattern, nearKeys, toService } from '../../change/find-flags.ts'
import type { Command } from '../../command.ts'
import { followEvents, type WatchStatus } from '../../api/event-stream.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { askIfMeant } from '../../input/find-nearest.ts'
import { bold, dim, type Printer } from '../../output/print.ts'
import { formatLocalSeconds } from '../../output/time-text.ts'
import { createKeyMatcher, type KeyMatcher } from '../../../model/access/key-matcher.ts'
import { describeEvent, describeSnapshot, describeWatchStatus, toEventDocument } from './watch/describe-event.ts'
import { EntryQueue } from './watch/entry-queue.ts'

export const watch: Command = {
  usage: '[<key or pattern> …]',
  takes: [0, 100],
  options: {
    after: { takes: '<revision>', means: 'begin with what came after it, instead of now' },
    status: { means: 'also how many changes are pending, and the freezes' },
  },
  examples: [
    ['switchyard watch', 'every change'],
    ['switchyard watch "checkout.*" --status', 'the flags of a service, pending changes and freezes'],
    ['switchyard watch -o json', 'one JSON document a line, for a script'],
  ],
  notes:
    'A line for each change, in order and once, also over breaks of the connection. With a token it says who and why. Ctrl-C ends it.',
  async run(input, { print, session }) {
    const stash = session()
    const after = readAfter(input.text('after'))
    const keys = input.args
    if (!stash.hasToken && print.format === 'table')
      print.say(`${stash.label}: only values. Who changed them and why takes a token.`)
    // A mistyped key would be waited for in vain, and silently.
    if (keys.length > 0) void reportUnknown(print, stash, keys).catch(() => {})
    const matches = createKeyMatcher(keys.length === 0 ? ['*'] : keys)
    const queue = new EntryQueue(stash, ({ message }) =>
      print.warn(`${stash.label}: from here on without who and why. ${message}`),
    )
    const onUpdate = (update: FlagUpdate): void =>
      queue.add(update.type === 'change' ? update.revision : null, (entry) => printEvent(print, update, entry, matches))
    const onStatus = (status: WatchStatus): void => queue.add(null, () => printStatus(print, status))
    const onBreak = (seen: number | undefined): void =>
      print.say(dim(`The connection was lost; resuming${seen === undefined ? '' : ` after revision ${seen}`} …`))
    const isAsked = input.isSet('status')
    await followEvents(stash.settings, { after, keys, onUpdate, onBreak, ...(isAsked && { onStatus }) })
    await queue.end()
    print.say(`${stash.label}: the stash was deleted.`)
    return EXIT.refused
  },
}

function readAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new Misuse(`--after takes a revision; "${text.slice(0, 60)}" is none.`)
  return Number(text)
}

async function reportUnknown(print: Printer, stash: Session, names: readonly string[]): Promise<void> {
  const { body } = await stash.readPublic<Flags>('/flags', { flags: 'object' })
  const known = Object.keys(body.flags)
  for (const name of names) {
    if (known.some(createKeyMatcher([name]))) continue
    const isService = known.some((key) => toService(key) === name)
    const near = isService ? [`${name}.*`] : isPattern(name) ? [] : nearKeys(name, known)
    const what = isPattern(name) ? `no flag matches "${name}" yet` : `there is no flag "${name}"`
    print.say(`${stash.label}: ${what}${askIfMeant(near)} Its changes will be shown if it is created.`)
  }
}

function printEvent(print: Printer, event: FlagUpdate, entry: HistoryEntry | undefined, matches: KeyMatcher): void {
  if (print.json) return print.document(toEventDocument(event, entry))
  if (event.type === 'gone') return
  if (print.format === 'name') return print.names(event.type === 'change' ? event.changes.map(([key]) => key) : [])
  const head = [dim(formatLocalSeconds(entry?.at ?? new Date().toISOString())), ' ', bold(`#${event.revision}`), ' ']
  if (event.type === 'snapshot') return print.line(...head, dim(describeSnapshot(event)))
  const { what, why } = describeEvent(event, entry, matches)
  print.line(...head, what, dim(why === '' ? '' : `  ${why}`))
}

function printStatus(print: Printer, status: WatchStatus): void {
  if (print.json) return print.document(status)
  if (print.format === 'name') return
  print.line(dim(formatLocalSeconds(new Date().toISOString())), ' ', describeWatchStatus(status))
}
