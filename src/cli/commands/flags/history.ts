/** `history`: entries newest first, and whether the chain of them holds. */
import type { HistoryEntry, Verified } from '../../api/answer-types.ts'
import type { Session } from '../../api/session.ts'
import type { Command } from '../../command.ts'
import { EXIT, Misuse, type Exit } from '../../exit.ts'
import { askIfMeant, listNearest } from '../../input/find-nearest.ts'
import { parsePast } from '../../input/time.ts'
import { bold, dim, type Piece, type Printer } from '../../output/print.ts'
import { formatLocal, formatRelative } from '../../output/time-text.ts'
import { describeCircumstances, describeEntry } from './history/describe-entry.ts'
import { readHistory, type FoundHistory, type Wanted } from './history/read-history.ts'

/** As many as ten pages hold. */
const LIMIT_MAX = 2_000
const LIMIT_DEFAULT = 20

export const history: Command = {
  usage: '[<key, pattern or service>]',
  takes: [0, 1],
  options: {
    who: { takes: '<label>', means: 'only what this person or token did, approved or overrode' },
    since: { takes: '<2h>', means: 'only since then: 2h, 02:00, "yesterday 18:00", 2026-12-01' },
    limit: {
      takes: '<n>',
      means: `how many, newest first: at most ${LIMIT_MAX}; else ${LIMIT_DEFAULT}, or all with --since`,
    },
    before: { takes: '<revision>', means: 'only older ones' },
    verify: { means: 'check that it is still what was written' },
  },
  examples: [
    ['switchyard history', 'the last changes'],
    ['switchyard history checkout --since 2h', 'what happened to a service'],
    ['switchyard history "*.maintenance-mode" --who alice', 'what a person did to some flags'],
    ['switchyard history --verify', 'whether no entry was altered'],
  ],
  notes: 'Takes a token. One that reaches some keys sees the entries about these. -o name: the revisions.',
  async run(input, { print, session }) {
    const stash = session()
    if (input.isSet('verify')) return verify(print, stash)
    const since = input.text('since')
    const wanted: Wanted = {
      about: input.args[0],
      who: input.text('who'),
      since: since === undefined ? undefined : parsePast('--since', since),
      before: readCount('before', input.text('before'), Number.MAX_SAFE_INTEGER),
      limit: readCount('limit', input.text('limit'), LIMIT_MAX) ?? (since === undefined ? LIMIT_DEFAULT : LIMIT_MAX),
    }
    const found = await readHistory(stash, wanted)
    const { page } = found
    const names = page.entries.map(({ revision }) => String(revision))
    print.data({ stash: stash.label, ...page }, names, () => printEntries(print, page.entries))
    if (page.entries.length === 0) print.say(`${stash.label}: ${describeNone(wanted, found)}`)
    if (found.next !== null) print.say(`Older ones: --before ${found.next}`)
    return EXIT.done
  },
}

async function verify(print: Printer, stash: Session): Promise<Exit> {
  const { body } = await stash.read<Verified>('/history/verify', { valid: 'boolean', message: 'string' })
  const failure = body.failure === null ? [] : [String(body.failure.revision)]
  print.data({ stash: stash.label, ...body }, failure, () => {})
  if (body.valid) print.say(`${stash.label}: ${body.message}`)
  else print.warn(`${stash.label}: ${body.message}`)
  return body.valid ? EXIT.done : EXIT.refused
}

function readCount(option: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text)
  const range = most === Number.MAX_SAFE_INTEGER ? '' : ` from 1 to ${most}`
  throw new Misuse(`--${option} takes a number${range}; "${text.slice(0, 60)}" is none.`)
}

/** One line for each, so that `grep` finds whole entries. */
const printEntries = (print: Printer, entries: readonly HistoryEntry[]): void =>
  print.table(
    entries.map((entry): Piece[] => [
      bold(`#${entry.revision}`),
      dim(`${formatLocal(entry.at)} (${formatRelative(entry.at)})`),
      entry.who,
      describeEntry(entry),
      dim(describeCircumstances(entry)),
    ]),
  )

function describeNone({ about, who, since }: Wanted, { searched, people, next }: FoundHistory): string {
  const what = [
    about !== undefined && `about "${about}"`,
    who !== undefined && `of "${who}"`,
    since !== undefined && 'since then',
  ].filter(Boolean)
  if (what.length === 0) return 'no entries that this token may see.'
  const near = who === undefined || people.has(who) ? [] : listNearest(who, people)
  const looked = next === null || searched === 0 ? '' : ` among the last ${searched}`
  return `no entry ${what.join(' ')}${looked}${askIfMeant(near)}`
}
