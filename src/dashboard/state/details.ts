/**
 * Reads what the watch of a stash does not tell: who, why, guards, pending changes, and the token's abilities. After each
 * change and each reconnect. What cannot be read is tried again, less and less often, and the page says so meanwhile. No
 * failure may end this for good.
 */
import { RefusedError } from '../../client/requests/errors.ts'
import { callApi, isTokenEnded } from '../api/call.ts'
import { API } from '../api/connection.ts'
import { serviceNow } from '../api/service-time.ts'
import type { Content } from './content.ts'
import { askApproval, readAllHeld, readLastChange } from './detail-requests.ts'
import { findLastChange } from './flags/flag-view.ts'
import type { Session } from './session.ts'
import type { FlagsWithMeta, GuardList, History, ItemList, OwnToken, StashFacts } from '../api/answer-types.ts'

const PAUSE_MS = { first: 1_000, most: 30_000 }
const HISTORY_PAGE = 50
/** Of more changed flags than these, the public details of all flags are read. */
const META_KEYS_MAX = 20
/** How many pending approvals are asked about, whether this token can give them. */
const ASKED_MAX = 30

/** The stash whose details they are. */
type DetailsHost = {
  readonly id: string
  readonly content: Content
  readonly isShownInFull: boolean
  session(): Session
  /** Has the page drawn again. */
  touch(): void
  isOver(): boolean
}

export class Details {
  readonly #stash: DetailsHost
  /** The session of the run that is under way. */
  #refreshing: Session | null = null
  /** The session whose older changes are being looked up. */
  #lookingUp: Session | null = null
  /** Whether something changed after the run that is under way had begun. */
  #isStale = false
  /** The keys whose public details are to be read. null: all. */
  #metaKeys: Set<string> | null = null
  /** Whether something else than values may have changed, such as the name of the stash. */
  #isRestStale = true
  /** Whether a token or a rule may have changed since it was asked which approvals this token can give. */
  #areApprovalsStale = false
  #failures = 0
  /** Failed look-ups in a row. They are counted apart: the rest of the details may be read meanwhile. */
  #lookUpFailures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #isStopped = false

  constructor(stash: DetailsHost) {
    this.#stash = stash
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
  }

  /** @param keys the flags that changed; null: any may have */
  changed(keys: string[] | null): void {
    if (keys === null) {
      this.#metaKeys = null
      this.#isRestStale = true
      this.#areApprovalsStale = true
    } else if (this.#metaKeys !== null) for (const key of keys) this.#metaKeys.add(key)
    void this.refresh()
  }

  /** Changes that come during a run lead to one more run after it. */
  async refresh(): Promise<void> {
    this.#isStale = true
    // A run with another token delays no one: its answers are dropped.
    if (this.#refreshing?.isCurrent() || this.#isStopped) return
    const session = (this.#refreshing = this.#stash.session())
    clearTimeout(this.#retry)
    try {
      while (this.#isStale && this.#isWanted(session)) {
        this.#isStale = false
        await this.#readAll(session)
      }
    } finally {
      if (this.#refreshing === session) this.#refreshing = null
    }
    if (this.#isWanted(session)) void this.lookUpOlder()
  }

  #isWanted(session: Session): boolean {
    return session.isCurrent() && !this.#isStopped
  }

  async #readAll(session: Session): Promise<void> {
    const { isShownInFull, content: known } = this.#stash
    const isRestStale = this.#isRestStale
    this.#isRestStale = false
    const parts = [this.#readMeta()]
    if (isRestStale || known.facts === null) parts.push(this.#readFacts())
    if (session.token !== null) {
      // An import, or an undo, may set values and guards in one revision.
      parts.push(this.#readMe(session), this.#readHeld(session), this.#readGuards(session))
      if (isShownInFull) parts.push(this.#readItems(session), this.#readHistory(session))
    }
    const results = await Promise.allSettled(parts)
    if (!this.#isWanted(session)) return
    const { content } = this.#stash
    const isLost = results.some((result) => result.status === 'rejected' && !isFinal(result.reason))
    content.detailsLostAt = isLost ? (content.detailsLostAt ?? serviceNow()) : null
    this.#failures = isLost ? this.#failures + 1 : 0
    this.#isRestStale ||= isLost
    if (isLost) this.#retryLater(this.#failures)
    this.#stash.touch()
  }

  #retryLater(times: number): void {
    if (this.#stash.isOver() || this.#isStopped) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.refresh(), Math.min(PAUSE_MS.first * 2 ** (times - 1), PAUSE_MS.most))
  }

  /** Without the token: the stash's facts are public. */
  async #readFacts(): Promise<void> {
    const { content, id } = this.#stash
    const query = content.revision > 0 ? { min_revision: content.revision } : {}
    const { body } = await callApi<StashFacts>(API, 'GET', `/stash/${id}`, { query })
    this.#stash.content.facts = body
    this.#stash.touch()
  }

  async #requestMeta(query: Record<string, string | number | undefined>): Promise<FlagsWithMeta> {
    const { body } = await callApi<FlagsWithMeta>(API, 'GET', `/stash/${this.#stash.id}/flags`, {
      query: { meta: 1, ...query },
    })
    return body
  }

  /** Every flag with its public details, before the watch has begun. null: it could not be read. */
  async readFirst(): Promise<FlagsWithMeta | null> {
    try {
      const body = await this.#requestMeta({})
      if (this.#stash.content.revision === -1) this.#metaKeys = new Set()
      return body
    } catch {
      return null
    }
  }

  /** Type, safe or not, since and until: public. */
  async #readMeta(): Promise<void> {
    const { content } = this.#stash
    const wanted = this.#metaKeys
    this.#metaKeys = new Set()
    if (wanted?.size === 0 && content.meta.size > 0) return
    const keys = wanted === null || wanted.size === 0 || wanted.size > META_KEYS_MAX ? undefined : [...wanted].join(',')
    const revision = Math.max(0, content.revision)
    try {
      const body = await this.#requestMeta({ keys, ...(revision > 0 && { min_revision: revision }) })
      const { meta } = this.#stash.content
      if (keys === undefined) meta.clear()
      for (const [key, facts] of Object.entries(body.flags)) meta.set(key, { ...facts, readAt: body.revision })
      this.#stash.touch()
    } catch (error) {
      this.#metaKeys = null
      throw error
    }
  }

  async #readMe(session: Session): Promise<void> {
    if (this.#stash.content.me !== null) return
    const { body } = await session.call<OwnToken>('GET', session.path('/token'))
    if (this.#isWanted(session)) this.#stash.content.me = body
  }

  /** Once, and after a snapshot. Then the watch keeps the versions up to date. */
  async #readItems(session: Session): Promise<void> {
    const { flags, items, revision } = this.#stash.content
    if ([...flags.keys()].every((key) => items.has(key)) && revision !== -1) return
    const { body } = await session.call<ItemList>('GET', session.path('/items'))
    if (!this.#isWanted(session)) return
    const { content } = this.#stash
    for (const { key, version, content_type: type } of body.items) {
      const { version: known = 0 } = content.items.get(key) ?? {}
      content.items.set(key, { version: Math.max(known, version), type })
    }
  }

  async #readGuards(session: Session): Promise<void> {
    const { body } = await session.call<GuardList>('GET', session.path('/guards'))
    if (this.#isWanted(session)) this.#stash.content.guards = new Map(body.guards.map((guard) => [guard.key, guard]))
  }

  async #readHeld(session: Session): Promise<void> {
    const { revision } = this.#stash.content
    const found = await readAllHeld(session)
    const { content } = this.#stash
    if (!this.#isWanted(session) || revision < content.heldAt) return
    Object.assign(content, { ...found, heldAt: revision })
    this.#stash.touch()
    void this.#askAboutApprovals(session)
  }

  /** Asks the service by a dry run which pending changes this token can approve, so that no button leads to a refusal. */
  async #askAboutApprovals(session: Session): Promise<void> {
    const { approvability, held } = this.#stash.content
    const waiting = held.filter(({ kind }) => kind === 'approval')
    for (const id of approvability.keys()) if (!waiting.some((one) => one.held_id === id)) approvability.delete(id)
    const isStale = this.#areApprovalsStale
    this.#areApprovalsStale = false
    for (const { held_id: id } of waiting.slice(0, ASKED_MAX)) {
      if (approvability.has(id) && !isStale) continue
      if (!approvability.has(id)) approvability.set(id, null)
      const found = await askApproval(session, id)
      if (!this.#isWanted(session)) return
      if (found === null) approvability.delete(id)
      else approvability.set(id, found)
      this.#stash.touch()
    }
  }

  /** For what changes without a revision. If it cannot be read, all details are read again, with retries. */
  refreshHeld(): void {
    const session = this.#stash.session()
    if (session.token !== null && !this.#isStopped) this.#readHeld(session).catch(() => this.refresh())
  }

  async #readHistory(session: Session): Promise<void> {
    const { body } = await session.call<History>('GET', session.path('/history'), { query: { limit: HISTORY_PAGE } })
    if (!this.#isWanted(session)) return
    const { content } = this.#stash
    const newest = Math.max(-1, ...content.entries.keys())
    const overlaps = body.entries.some(({ revision }) => revision <= newest)
    // There were more changes than one page holds: history would have a gap.
    if (!overlaps) Object.assign(content, { entries: new Map(), before: body.next })
    this.#addEntries(body)
  }

  async readOlderHistory(): Promise<void> {
    const session = this.#stash.session()
    const { before } = this.#stash.content
    if (before === null) return
    const query = { limit: HISTORY_PAGE, before }
    const { body } = await session.call<History>('GET', session.path('/history'), { query })
    if (!this.#isWanted(session)) return
    this.#stash.content.before = body.next
    this.#addEntries(body)
  }

  #addEntries({ entries }: History): void {
    for (const entry of entries) this.#stash.content.entries.set(entry.revision, entry)
    this.#stash.touch()
  }

  /**
   * Looks up the last changes of flags that the page of history does not reach: one by one, while nothing newer has to be
   * read.
   */
  async lookUpOlder(): Promise<void> {
    const session = this.#stash.session()
    // A run that is under way does it at its end.
    if (this.#refreshing?.isCurrent() || this.#lookingUp?.isCurrent() || session.token === null) return
    this.#lookingUp = session
    let found = 0
    try {
      for (const key of this.#keysToLookUp()) {
        if (findLastChange(this.#stash.content, key) !== undefined) continue
        const entry = await readLastChange(session, key)
        // A run that has begun meanwhile starts this again at its end.
        if (this.#refreshing !== null || !this.#isWanted(session)) return
        this.#stash.content.older.set(key, entry)
        // Not for each: every change draws all rows.
        if (++found % 10 === 0) this.#stash.touch()
      }
      this.#lookUpFailures = 0
    } catch (error) {
      if (this.#isWanted(session) && !isFinal(error)) this.#retryLater(++this.#lookUpFailures)
    } finally {
      if (this.#lookingUp === session) this.#lookingUp = null
      this.#stash.touch()
    }
  }

  /** The flags that are not at their safe value come first. */
  #keysToLookUp(): string[] {
    const { flags, meta, reverts } = this.#stash.content
    const keys = [...flags.keys()]
    const isNotNormal = (key: string): boolean => meta.get(key)?.safe === false || reverts.has(key)
    const first = keys.filter(isNotNormal)
    return this.#stash.isShownInFull ? [...first, ...keys.filter((key) => !isNotNormal(key))] : first
  }
}

/** Whether another try would be refused as well, because the token may not read it. */
const isFinal = (error: unknown): boolean =>
  isTokenEnded(error) || (error instanceof RefusedError && error.code === 'not_permitted')
