/** The content of a stash as far as the page knows it, as plain data. */
import type { Reverts } from '../../client/sync/reverts.ts'
import type { FlagMeta, GuardFacts, HeldChange, HistoryEntry, OwnToken, StashFacts } from '../api/answer-types.ts'

/** `missing`: there is no such stash. `gone`: it was deleted while it was watched. Both are final. */
export type WatchState = 'connecting' | 'live' | 'lost' | 'missing' | 'gone'

/** @see GET /stash/{id}. `keys`: null for every key. `until`: in ms since the epoch; null: until it is ended. */
export type Freeze = { keys: string[] | null; until: number | null }

/** `meta` of a flag, and the revision at which it was read. */
type KnownMeta = FlagMeta & { readAt: number }

/** A change that waits for approval, and whether this token can give it. null: it was not asked yet. */
export type Approvability = { may: boolean; why: string } | null

/** The content of the stash, as far as the page has read it. */
export const createContent = () => ({
  facts: null as StashFacts | null,
  flags: new Map<string, string>(),
  /** The pending ends of time-boxes. */
  reverts: new Map() as Reverts,
  meta: new Map<string, KnownMeta>(),
  /** Version and media type of each flag. */
  items: new Map<string, { version: number; type?: string }>(),
  /** What the token is and may. */
  me: null as OwnToken | null,
  guards: new Map<string, GuardFacts>(),
  held: [] as HeldChange[],
  /** By held id. */
  approvability: new Map<string, Approvability>(),
  freezes: [] as Freeze[],
  /** Why every key is frozen. null: it is not, or this token may not know. */
  freezeReason: null as string | null,
  /** The pages of history that were read, by revision. */
  entries: new Map<number, HistoryEntry>(),
  /** The last change of flags that `entries` does not reach. null: history has none any more, or not for this token. */
  older: new Map<string, HistoryEntry | null>(),
  /** `before` for the next page of history; null: there is none. */
  before: null as number | null,
  /** Per key: the first revision that the shown value may come from. Details from before may be about another value. */
  shownSince: new Map<string, number>(),
  /** The revision as of which `held` was read. */
  heldAt: -1,
  /** How many changes are held, as the watch says. */
  heldCount: 0,
  /** Since when the details cannot be read. */
  detailsLostAt: null as number | null,
  /** The last revision of the watch. -1: there was none yet. */
  revision: -1,
  /** The highest revision that is known, also from answers to our own writes. */
  known: 0,
})

export type Content = ReturnType<typeof createContent>

export type Link = {
  state: WatchState
  since: number
  /** Whether the watch is behind `known`. */
  behind: boolean
}
