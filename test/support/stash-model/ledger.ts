/**
 * The tables of a modelled stash as plain maps, and the functions that write into them. None of these refuses a change:
 * `rules.ts` and `../stash-model.ts` do. A map keeps its rows in the order in which they were written, as SQLite does.
 */
import { createHash } from 'node:crypto'
import { CHAIN_FORMAT, chainText, type Detail, type Entry, type EntryChange } from '../../../src/model/entry.ts'
import type { Freeze } from '../../../src/model/freeze.ts'
import type { FlatHeld as Held } from '../../../src/stash/tables/held-row.ts'
import type { Applied } from '../../../src/model/intent.ts'
import { ABILITIES } from '../../../src/model/access/ability.ts'
import { toTokenId } from '../../../src/model/access/token.ts'
import { isOver, refuse, type Refused, type Actor, type ItemRow, type Tables, type TokenRow } from './rules.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export type Creation = { id: string; profile: 'safeguarded' | 'wrendb'; masterHash: string; createdAt: number }
export type LoggedEntry = Entry & { hash: string }

type Copy = {
  rows: (readonly [string, readonly (readonly [string, unknown])[]])[]
  log: LoggedEntry[]
  freeze: Freeze | null
  head: string
}

/** The fields of an entry besides its author and time. */
type EntryFields = { heldId?: string | null; reason: string | null; detail: Detail | null; changes?: EntryChange[] }

export class Ledger implements Tables {
  readonly profile: Creation['profile']
  readonly items = new Map<string, ItemRow>()
  readonly guards = new Map<string, { text: string; version: number }>()
  readonly tokens = new Map<string, TokenRow>()
  /** Tokens that have ended. For thirty days the refusal of such a token says why it has ended. */
  readonly ended = new Map<string, TokenRow>()
  readonly held = new Map<string, Held>()
  readonly log: LoggedEntry[] = []
  readonly answers = new Map<string, { request: string; applied: Applied; at: number }>()
  readonly refusals = new Map<string, { request: string; refused: Refused; at: number }>()
  freeze: Freeze | null = null
  readonly keyFreezes = new Map<string, Freeze>()
  head: string

  constructor({ id, profile, masterHash, createdAt }: Creation) {
    this.profile = profile
    this.head = sha256(JSON.stringify([id, createdAt]))
    const token = toTokenId(masterHash)
    const all = { can: [...ABILITIES], keys: ['*'], expiresAt: null }
    this.tokens.set(token, {
      id: token,
      hash: masterHash,
      label: 'master',
      master: true,
      ...all,
      line: token,
      madeBy: null,
      holder: token,
      granted: 0,
      endsAs: null,
      endedAt: null,
    })
  }

  /** A copy of all tables, for `restore`. Rows are never changed in place, so they are shared. */
  copy(): Copy {
    const { items, guards, tokens, ended, held, keyFreezes, answers, refusals, log, freeze, head } = this
    const maps = { items, guards, tokens, ended, held, keyFreezes, answers, refusals }
    const rows = Object.entries<Map<string, unknown>>(maps).map(([name, map]) => [name, [...map]] as const)
    return { rows, log: [...log], freeze, head }
  }

  restore({ rows, log, freeze, head }: Copy): void {
    for (const [name, entries] of rows) {
      // The names come from `copy`.
      const map = this[name as 'items'] as Map<string, unknown>
      map.clear()
      for (const [key, row] of entries) map.set(key, row)
    }
    this.log.splice(0, Infinity, ...log)
    this.freeze = freeze
    this.head = head
  }

  get revision(): number {
    return this.log.length
  }

  getLiveToken(id: string, now: number): TokenRow | null {
    const token = this.tokens.get(id)
    return token === undefined || (token.expiresAt !== null && token.expiresAt <= now) ? null : token
  }

  authenticate(hash: string, now: number): TokenRow {
    const id = toTokenId(hash)
    const token = this.tokens.get(id) ?? this.ended.get(id)
    if (token?.hash !== hash) return refuse('invalid_token')
    const endedAt = token.endedAt ?? token.expiresAt ?? Infinity
    if (token.endedAt === null && endedAt > now) return token
    if (now >= endedAt + 30 * DAY) return refuse('invalid_token')
    return refuse(token.endsAs === 'revoked' ? 'token_revoked' : 'token_expired')
  }

  /** Ends a token now, or after an overlap. */
  endToken(id: string, until: number, now: number): void {
    const token = this.tokens.get(id)
    if (token === undefined) return
    const ending = { ...token, expiresAt: Math.max(until, now), endsAs: 'revoked' as const }
    if (until > now) return void this.tokens.set(id, ending)
    this.tokens.delete(id)
    this.ended.set(id, { ...ending, endedAt: now })
  }

  /** The requester of a held change: the stash, or a token in its present state; null if the token has ended. */
  getRequester({ made_by }: Held, now: number): Actor | null {
    return made_by === null ? 'stash' : this.getLiveToken(made_by, now)
  }

  getLink(hash: string): Held | null {
    const held = this.held.get(toTokenId(hash))
    return held?.secret_hash === hash ? held : null
  }

  hold(held: Held): void {
    this.held.delete(held.id)
    this.held.set(held.id, held)
  }

  dropWhere(isMeant: (held: Held) => boolean): void {
    for (const held of this.held.values()) if (isMeant(held)) this.held.delete(held.id)
  }

  /** Removes these keys from pending reverts. Returns the cancelled and the shortened reverts. */
  takeOutOfReverts(keys: string[]): { cancelled: string[]; shortened: string[] } {
    const touched = new Set<string>()
    const over = { cancelled: [] as string[], shortened: [] as string[] }
    for (const key of keys)
      for (const { id, kind, keys: its } of this.held.values())
        if (kind === 'revert' && its.includes(key)) touched.add(id)
    for (const id of touched) {
      const held = this.held.get(id)
      if (held?.change.kind !== 'patch') continue
      const changes = held.change.changes.filter(({ key }) => !keys.includes(key))
      over[changes.length === 0 ? 'cancelled' : 'shortened'].push(id)
      if (changes.length === 0) this.held.delete(id)
      else this.hold({ ...held, change: { kind: 'patch', changes }, keys: changes.map(({ key }) => key) })
    }
    return over
  }

  /** Appends an entry to the log, which makes the next revision, and writes its changes into the tables. */
  revise(kind: string, actor: Actor, fields: EntryFields, now: number): number {
    const { heldId = null, reason, detail, changes = [] } = fields
    const entry: Entry = {
      revision: this.revision + 1,
      at: now,
      kind,
      actorId: typeof actor === 'string' ? null : actor.id,
      actor: typeof actor === 'string' ? actor : actor.label,
      heldId,
      reason,
      detail: detail === null || Object.keys(detail).length === 0 ? null : JSON.stringify(detail),
      changes,
    }
    this.head = sha256(chainText(entry, this.head, CHAIN_FORMAT))
    this.log.push({ ...entry, hash: this.head })
    for (const change of changes) this.#write(change, now)
    return this.revision
  }

  #write({ what, key, after }: EntryChange, now: number): void {
    if (what === 'held') return
    if (after === null) {
      this[what === 'item' ? 'items' : 'guards'].delete(key)
      return
    }
    const { value, type } = after
    const version = this.revision
    if (what === 'guard') this.guards.set(key, { text: value, version })
    else
      this.items.set(key, { value, type, version, created_at: this.items.get(key)?.created_at ?? now, updated_at: now })
  }

  keep(name: string, request: string, applied: Applied, now: number): void {
    this.#forgetAnswers(now)
    this.answers.set(name, { request, applied: structuredClone(applied), at: now })
  }

  keepRefusal(name: string, request: string, refused: Refused, now: number): void {
    this.#forgetAnswers(now)
    this.refusals.set(name, { request, refused, at: now })
  }

  /** Removes expired rows. They stay removed if the clock is set back afterwards. */
  sweep(now: number): void {
    this.#forgetAnswers(now)
    this.sweepLinks(now)
    for (const [id, token] of this.tokens) {
      if (this.getLiveToken(id, now) !== null) continue
      this.tokens.delete(id)
      this.ended.set(id, { ...token, endedAt: token.expiresAt })
    }
    for (const [id, { endedAt }] of this.ended) if ((endedAt ?? 0) + 30 * DAY <= now) this.ended.delete(id)
  }

  sweepLinks(now: number): void {
    this.dropWhere((held) => held.due_at === null && isOver(held, now))
  }

  #forgetAnswers(now: number): void {
    for (const [name, { at }] of this.answers) if (at + DAY <= now) this.answers.delete(name)
    for (const [name, { at }] of this.refusals) if (at + 2 * MINUTE <= now) this.refusals.delete(name)
  }

  /** All times at which a held change is due or expires, or a token or a freeze ends. */
  moments(): number[] {
    const ends = [...this.tokens.values()].map(({ expiresAt }) => expiresAt)
    const held = [...this.held.values()].flatMap(({ due_at: due, expires_at: over }) => [due, over])
    const freezes = [...this.keyFreezes.values()].map(({ until }) => until)
    return [...ends, ...held, this.freeze?.until, ...freezes].filter((at) => typeof at === 'number')
  }

  /** The next due change of any kind: the one with the earliest time, of several the one written first; null if none is due. */
  nextDue(now: number): Held | null {
    const due = [...this.held.values()].filter(({ due_at: at }) => at !== null && at <= now)
    const [next = null] = due.toSorted((a, b) => (a.due_at ?? 0) - (b.due_at ?? 0))
    return next
  }

  /** The next due revert, thaw or lapse: the one with the earliest time; null if none is due. */
  nextEnd(now: number): Held | null {
    const ends = [...this.held.values()].filter(
      ({ kind, due_at: at }) => ['revert', 'thaw', 'lapse'].includes(kind) && at !== null && at <= now,
    )
    const [next = null] = ends.toSorted((a, b) => (a.due_at ?? 0) - (b.due_at ?? 0))
    return next
  }
}
