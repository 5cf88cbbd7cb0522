/** `history`: entries newest first, and whether the chain of them holds. */
import type { HistoryEntry, HistoryPage, Verified } from '../../api/answer-types.ts'
import type { Command } from '../../command.ts'
import { EXIT, Misuse } from '../../exit.ts'
import { bold, dim, quote, type Piece, type Printer } from '../../output/print.ts'

export const history: Command = {
  usage: '[<key>]',
  takes: [0, 1],
  examples: [['switchyard history', 'the last changes']],
  options: {
    limit: { takes: '<n>', means: 'how many, newest first: 1 to 200, else 20' },
    before: { takes: '<revision>', means: 'only older ones' },
    verify: { means: 'check that it is still what was written' },
  },
  async run(input, { print, session }) {
    const stash = session()
    if (input.isSet('verify')) {
      const { body } = await stash.read<Verified>('/history/verify', { valid: 'boolean', message: 'string' })
      if (print.json) print.document(body)
      print.say(body.message)
      return body.valid ? EXIT.done : EXIT.refused
    }
    const limit = readCount('limit', input.text('limit') ?? '20')
    const before = input.text('before')
    const query = { key: input.args[0], limit, before: before === undefined ? undefined : readCount('before', before) }
    const { body } = await stash.read<HistoryPage>('/history', { entries: 'list' }, query)
    if (print.json) print.document(body)
    else printEntries(print, body.entries)
    if (body.next !== null) print.say(`Older ones: --before ${body.next}`)
    return EXIT.done
  },
}

function readCount(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Misuse(`--${option} takes a number; "${text}" is none.`)
  return Number(text)
}

function printEntries(print: Printer, entries: HistoryEntry[]): void {
  print.table(
    entries.map((entry): Piece[] => [
      bold(`#${entry.revision}`),
      dim(entry.at.replace(/\.\d+Z$/, 'Z')),
      entry.who,
      entry.kind,
      describeChanges(entry),
      dim(describeCircumstances(entry)),
    ]),
  )
}

const show = (value: string | null): string => (value === null ? 'nothing' : quote(value, 40))

function describeChanges({ changes, guards = [] }: HistoryEntry): string {
  const values = changes.map(({ key, before, after }) => `${key}: ${show(before)} → ${show(after)}`)
  return [...values, ...guards.map(({ key }) => `guard of ${key}`)].join(', ')
}

function describeCircumstances({ reason, approved_by, broke_glass, reverts_at }: HistoryEntry): string {
  const said = [
    reason,
    approved_by && `approved by ${approved_by.label}`,
    broke_glass && `broke the glass: ${broke_glass.why}`,
    reverts_at && `until ${reverts_at}`,
  ]
  return said.filter(Boolean).join('; ')
}
