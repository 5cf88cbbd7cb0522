/**
 * Reads the status of one stash in few requests: its flags with their public details, its facts, and with a token the pending
 * changes and who changed what. Details of an entry of history are given to a flag only if that entry wrote the value that
 * is shown: a token for some keys, or a time-box that has just ended, would otherwise show another person's change.
 */
import type { FlagMeta, FlagsWithMeta, Held, HistoryEntry, HistoryPage, StashFacts } from '../../../api/answer-types.ts'
import type { Session } from '../../../api/session.ts'
import { readPending, type Pending } from '../../held/pending.ts'

export type FlagStatus = Omit<FlagMeta, 'value'> & {
  key: string
  /** null: it is deleted for a time. */
  value: string | null
  /** Whether a person should look at it: it is not at its safe value, or in a time-box. */
  isNormal: boolean
  /** The entry that wrote this value, where it was looked for and the token may read it. */
  entry?: HistoryEntry
}

export type Freeze = { keys: string[] | null; until: string | null; reason: string | null; by: string | null }

export type StashStatus = {
  facts: StashFacts
  /** Sorted by key. */
  flags: FlagStatus[]
  /** That of every flag first. */
  freezes: Freeze[]
  freezeReason: string | null
  /** null: there is no token. */
  held: Held[] | null
}

/** Pages of history that are read in search of authors, and how many entries each has. */
const PAGES_MAX = 5
const PAGE = 200

/** @param authors of which flags the entry is looked for, with a token */
export async function readStatus(stash: Session, authors: 'not normal' | 'all'): Promise<StashStatus> {
  const [first, pending, newest] = await Promise.all([
    readPublic(stash),
    stash.hasToken ? readPending(stash) : null,
    stash.hasToken ? readNewestRevision(stash) : 0,
  ])
  // The stash itself tells the newest revision; a public read may come from a cache, and must not be older.
  const isOld = Math.min(first.flags.revision, first.facts.revision) < newest
  const { flags: read, facts } = isOld ? await readPublic(stash, newest) : first
  const flags = toFlags(read)
  const looked = flags.filter(({ isNormal }) => authors === 'all' || !isNormal)
  const entries = stash.hasToken ? await findEntries(stash, new Set(looked.map(({ version }) => version))) : new Map()
  return {
    facts,
    flags: flags.map((flag) => withEntry(flag, entries.get(flag.version))),
    freezes: toFreezes(facts, pending),
    freezeReason: facts.freeze_reason ?? (facts.frozen ? (pending?.freezeReason ?? null) : null),
    held: pending?.held ?? null,
  }
}

async function readPublic(stash: Session, least?: number): Promise<{ flags: FlagsWithMeta; facts: StashFacts }> {
  const [flags, facts] = await Promise.all([
    stash.readPublic<FlagsWithMeta>(
      '/flags',
      { flags: 'object', revision: 'number' },
      { meta: 1, min_revision: least },
    ),
    stash.readPublic<StashFacts>('', { stash_id: 'string', revision: 'number' }, { min_revision: least }),
  ])
  return { flags: flags.body, facts: facts.body }
}

/** Of the entries that the token may read; 0 without any. */
async function readNewestRevision(stash: Session): Promise<number> {
  const { body } = await stash.read<HistoryPage>('/history', { entries: 'list' }, { limit: 1 })
  return body.entries[0]?.revision ?? 0
}

function toFlags({ flags, reverts = {} }: FlagsWithMeta): FlagStatus[] {
  const present = Object.entries(flags).map(([key, meta]): FlagStatus => ({ key, ...meta, isNormal: isNormal(meta) }))
  const deleted = Object.entries(reverts)
    .filter(([key, { to }]) => !Object.hasOwn(flags, key) && to !== null)
    .map(([key, { at }]): FlagStatus => {
      const unknown = { type: null, safe: null, changed_at: null, about: null }
      return { key, value: null, version: 0, until: at, isNormal: false, ...unknown }
    })
  return [...present, ...deleted].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

const isNormal = ({ safe, until }: Pick<FlagMeta, 'safe' | 'until'>): boolean => safe !== false && until === null

function withEntry(flag: FlagStatus, entry: HistoryEntry | undefined): FlagStatus {
  const wrote = entry?.changes.some(({ key, after }) => key === flag.key && after === flag.value) ?? false
  return entry !== undefined && wrote ? { ...flag, entry } : flag
}

/**
 * The entries of these revisions, newest first: each request begins at the newest one that is still missing. Entries older than
 * the last page are not found, and their flags have no author.
 */
async function findEntries(stash: Session, revisions: Set<number>): Promise<Map<number, HistoryEntry>> {
  const found = new Map<number, HistoryEntry>()
  const missing = new Set([...revisions].filter((revision) => revision > 0))
  for (let page = 0; page < PAGES_MAX && missing.size > 0; page++) {
    const newest = Math.max(...missing)
    const query = { before: newest + 1, limit: missing.size === 1 ? 1 : PAGE }
    const { body } = await stash.read<HistoryPage>('/history', { entries: 'list' }, query)
    // This token may not read it, or history has none so old.
    missing.delete(newest)
    for (const entry of body.entries) {
      missing.delete(entry.revision)
      found.set(entry.revision, entry)
    }
    if (body.next === null) break
  }
  return found
}

/** The public ones, with by whom and why where the token may know. Earlier services had only the freeze of every flag. */
function toFreezes({ frozen, frozen_until, freezes }: StashFacts, pending: Pending | null): Freeze[] {
  const listed = freezes ?? (frozen ? [{ keys: null, until: frozen_until }] : [])
  return listed.map(({ keys, until }) => {
    const named = pending?.freezes.find((one) => String(one.keys) === String(keys))
    const reason = named?.reason ?? (keys === null ? (pending?.freezeReason ?? null) : null)
    return { keys, until, reason, by: named?.by ?? null }
  })
}
