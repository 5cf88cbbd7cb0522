/**
 * The Durable Object of the deployment's slugs: it decides which stash has a slug, and answers for readers that find a slug neither
 * in memory nor in KV. There is one instance. It must answer no question about a slug by making an object: only stashes that
 * have claimed one are asked.
 */
import { DurableObject } from 'cloudflare:workers'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { isSlug, toSlugKey, type NamedStash } from '../model/slug.ts'
import { NO_STORAGE, toVouchReply } from '../model/snapshot/vouch.ts'
import type { StashObject } from '../stash/stash-object.ts'
import { createTable, findClaim, insertClaim, markWritten, replaceClaim, type Claim } from './claims.ts'

/** The most slugs that one call resolves. */
export const RESOLVE_MAX = 100
/**
 * A claim cannot be taken while its own request may still be under way: that request would then give the slug to its stash, too.
 */
export const RETAKE_AFTER_MS = 30_000

export type ClaimRequest = {
  slug: string
  stashId: string
  /** Whether the admin makes the claim, who may take a slug from a stash that was never written to. */
  isAdmin: boolean
  /** Answers as the claim would be answered, and changes nothing. */
  dryRun?: boolean
}

type State = 'never_written' | 'written' | 'lost'

export class NamesObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql
  /** The slugs whose stash is being asked whether it was written to. */
  readonly #checking = new Set<string>()

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    createTable(this.#sql)
  }

  /** Claims the slug for the stash. A repeat is accepted. A stash has one slug for good: another one is refused. */
  async claim({ slug, stashId, isAdmin, dryRun = false }: ClaimRequest): Promise<Result<null>> {
    if (!isSlug(slug)) throw new Error('this is not a slug')
    if (findClaim(this.#sql, 'slug', slug) === null) await this.#restoreClaim(slug)
    const own = findClaim(this.#sql, 'stash_id', stashId)
    if (own !== null) return own.slug === slug ? ok(null) : refuse({ code: 'slug_set', slug: own.slug })
    const known = findClaim(this.#sql, 'slug', slug)
    if (known === null) {
      if (!dryRun) insertClaim(this.#sql, slug, stashId, Date.now())
      return ok(null)
    }
    const taken = refuse({ code: 'slug_taken', slug })
    if (!isAdmin || known.isWritten || Date.now() - known.claimedAt < RETAKE_AFTER_MS) return taken
    const state = await (dryRun ? this.#getState(known) : this.#release(known))
    if (state === 'written') markWritten(this.#sql, known)
    if (state !== 'never_written') return taken
    if (dryRun) return ok(null)
    // Other claims may have been made while the stash was asked.
    const isUnchanged = findClaim(this.#sql, 'slug', slug)?.stashId === known.stashId
    if (!isUnchanged || findClaim(this.#sql, 'stash_id', stashId) !== null) return taken
    replaceClaim(this.#sql, slug, stashId, Date.now())
    return ok(null)
  }

  /** The stashes that the slugs name, in the same order. Null: no stash has claimed the slug. */
  resolve(slugs: string[]): (NamedStash | null)[] {
    return slugs.slice(0, RESOLVE_MAX).map((slug) => {
      const claim = findClaim(this.#sql, 'slug', slug)
      if (claim === null) return null
      if (!claim.isWritten) this.ctx.waitUntil(this.#checkWritten(claim))
      return { stashId: claim.stashId, isFinal: claim.isWritten }
    })
  }

  /** If this object was restored to an earlier time, KV shows which stash has the slug: it must not name another one. */
  async #restoreClaim(slug: string): Promise<void> {
    const stashId = await this.env.SNAPSHOTS.get(toSlugKey(slug))
    if (stashId === null || findClaim(this.#sql, 'slug', slug) !== null) return
    if (findClaim(this.#sql, 'stash_id', stashId) !== null) return
    insertClaim(this.#sql, slug, stashId, Date.now())
    markWritten(this.#sql, { slug, stashId })
  }

  /** Notes that the claim is final, once its stash has accepted a write. The next answer then says so. */
  async #checkWritten(claim: Claim): Promise<void> {
    if (this.#checking.has(claim.slug)) return
    this.#checking.add(claim.slug)
    try {
      const { head } = toVouchReply(await this.#getStash(claim).vouch())
      if (head === null || (head !== NO_STORAGE && head > 0)) markWritten(this.#sql, claim)
    } catch {
      // The stash does not answer: the claim stays as it is, and the next reader has it checked again.
    } finally {
      this.#checking.delete(claim.slug)
    }
  }

  async #getState(claim: Claim): Promise<State> {
    const { head } = toVouchReply(await this.#getStash(claim).vouch())
    // The creation of the stash failed; or its storage is lost, which a copy in KV shows.
    if (head === NO_STORAGE) return (await this.env.SNAPSHOTS.get(claim.stashId)) === null ? 'never_written' : 'lost'
    // A deleted stash keeps its slug reserved: readers may still ask for it.
    return head === null || head > 0 ? 'written' : 'never_written'
  }

  /**
   * Takes the slug from a stash that was never written to, in a transaction of that stash, so that a write at the same time either
   * comes first and keeps the slug, or comes later and is of a stash without one.
   */
  async #release(claim: Claim): Promise<State> {
    const state = await this.#getState(claim)
    if (state !== 'never_written') return state
    const released = await this.#getStash(claim).apply({
      credential: { kind: 'admin' },
      intent: { kind: 'describe_stash', slug: null },
      reason: 'the admin token gave the slug to another stash',
      condition: { ifMatch: [0] },
    })
    return released.ok || released.refusal.code === 'stash_not_found' ? 'never_written' : 'written'
  }

  #getStash({ stashId }: Claim): DurableObjectStub<StashObject> {
    return this.env.STASH.get(this.env.STASH.idFromString(stashId))
  }
}
