/** `status`: what anyone may see and, with a token, who changed what last, until when, and what waits. */
import type { Flags, Held, HistoryEntry, HistoryPage, ItemList, StashFacts } from '../../api/answer-types.ts'
import type { Command } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { printHeld, readPending } from '../held/pending.ts'
import { bold, dim, paint, quote, type Piece, type Printer } from '../../output/print.ts'
import type { Session } from '../../api/session.ts'

type Item = ItemList['items'][number]
type Flag = { key: string; value: string } & Partial<Pick<Item, 'version' | 'updated_at'>> & {
    who?: string
    reason?: string | null
    reverts_at?: string
  }

export const status: Command = {
  usage: '',
  takes: [0, 0],
  examples: [['switchyard status', 'what is not normal']],
  notes: 'Without a token it shows what is public: names and values, and whether the stash is frozen.',
  async run(_, { print, session }) {
    const stash = session()
    // The stash itself answers this; what is public may come from a cache, and must not be older.
    const own = stash.hasToken
      ? (await stash.read<ItemList>('/items', { revision: 'number', items: 'list' })).body
      : null
    const least = { min_revision: own?.revision }
    const [{ body: seen }, { body: read }] = await Promise.all([
      stash.readPublic<StashFacts>('', { stash_id: 'string', revision: 'number' }, least),
      stash.readPublic<Flags>('/flags', { flags: 'object' }, least),
    ])
    const values = Object.entries(read.flags).map(([key, value]): Flag => ({ key, value }))
    const pending = own === null ? null : await readPending(stash)
    const held = pending?.held ?? null
    const facts = {
      ...seen,
      freeze_reason: seen.freeze_reason ?? (seen.frozen ? (pending?.freezeReason ?? null) : null),
    }
    const flags = own === null || held === null ? values : await tellMore(stash, values, own.items, held)
    if (print.json) print.document({ ...facts, flags, held })
    else printStatus(print, facts, flags, held)
    return EXIT.done
  },
}

/** Of an item, its version is the revision that changed it last, and history says who that was. */
async function tellMore(stash: Session, flags: Flag[], owned: Item[], held: Held[]): Promise<Flag[]> {
  const items = new Map(owned.map((item) => [item.key, item]))
  const entries = await findEntries(stash, new Set(owned.map(({ version }) => version)))
  const ends = new Map(
    held.filter(({ kind }) => kind === 'revert').flatMap(({ keys, due_at }) => keys.map((key) => [key, due_at])),
  )
  return flags.map(({ key, value }) => {
    const item = items.get(key)
    // Beyond what the token reaches, or written a moment ago.
    if (item === undefined) return { key, value }
    const entry = entries.get(item.version)
    const end = ends.get(key)
    const { version, updated_at } = item
    return {
      key,
      value,
      version,
      updated_at,
      ...(entry && { who: entry.who, reason: entry.reason }),
      ...(end && { reverts_at: end }),
    }
  })
}

/** Looks at most 5 pages back for who last changed a flag. Older ones are shown without an author. */
const PAGES_MAX = 5

async function findEntries(stash: Session, wanted: Set<number>): Promise<Map<number, HistoryEntry>> {
  const found = new Map<number, HistoryEntry>()
  let before: number | undefined
  for (let page = 0; page < PAGES_MAX && found.size < wanted.size; page++) {
    const { body }: { body: HistoryPage } = await stash.read('/history', { entries: 'list' }, { limit: 200, before })
    for (const entry of body.entries) if (wanted.has(entry.revision)) found.set(entry.revision, entry)
    if (body.next === null) break
    before = body.next
  }
  return found
}

function printStatus(print: Printer, facts: StashFacts, flags: Flag[], held: Held[] | null): void {
  print.line(bold(facts.name ?? facts.stash_id), dim(`  revision ${facts.revision}`))
  if (facts.frozen) {
    const until = facts.frozen_until === null ? '' : ` until ${facts.frozen_until}`
    print.line(paint('red', `FROZEN${until}${facts.freeze_reason === null ? '' : `: ${facts.freeze_reason}`}`))
  }
  for (const { keys, until } of facts.freezes ?? []) {
    if (keys !== null) print.line(paint('red', `FROZEN ${keys.join(', ')}${until === null ? '' : ` until ${until}`}`))
  }
  print.line()
  if (flags.length === 0) print.line('No flags.')
  print.table(
    flags.map((flag): Piece[] => [
      bold(flag.key),
      paint(colourOf(flag.value), quote(flag.value)),
      dim(describeLastChange(flag)),
    ]),
  )
  if (held !== null && held.length > 0) {
    print.line()
    print.line(paint('yellow', `${held.length} held:`))
    printHeld(print, held)
  }
  if (held === null) print.say('Without a token: only what is public.')
}

const colourOf = (value: string) => (value === 'true' ? 'green' : undefined)

function describeLastChange({ who, updated_at, reason, reverts_at }: Flag): string {
  if (updated_at === undefined) return ''
  const by = who === undefined ? '' : ` by ${who}`
  return `${updated_at.replace(/\.\d+Z$/, 'Z')}${by}${reason ? `: ${reason}` : ''}${reverts_at ? ` (until ${reverts_at})` : ''}`
}
