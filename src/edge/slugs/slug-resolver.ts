/**
 * Resolves a slug to the id of its stash: from memory, then from KV, then by a question to the names object. A slug that names no
 * stash is not remembered, so that it can be read right after it was claimed. A known one is used further where the stores do not
 * answer, because a slug names one stash for good once the stash was written to.
 */
import { ok, refuse, type Result } from '../../model/refusal.ts'
import type { NamedStash } from '../../model/slug.ts'
import { NameQuestions } from './name-questions.ts'
import { nextSequence, SingleFlight } from '../single-flight.ts'
import { TIMED_OUT, withDeadline } from '../with-deadline.ts'

/** How long a slug is resolved from memory alone. */
export const SLUG_FRESH_MS = 60_000
/** The same while the admin may still give the slug to another stash, and while the stores do not answer. */
export const SLUG_PROVISIONAL_MS = 1_000
export const SLUGS_MAX = 5_000
const KV_DEADLINE_MS = 500

export type SlugStores = Parameters<NameQuestions['ask']>[0] & {
  /** The id of the stash; null: KV does not have the slug, or has not got it yet. A rejection counts as a timeout. */
  readSlugInKv(slug: string): Promise<string | null>
}

type Known = NamedStash & { freshUntil: number }

export class SlugResolver {
  readonly #known = new Map<string, Known>()
  readonly #flights = new SingleFlight<Result<string>>()
  readonly #questions = new NameQuestions()

  /** The id, if it is fresh in memory. Synchronous, for the hot path. */
  peek(slug: string, now: number): string | null {
    const known = this.#known.get(slug)
    // A clock that was set back must not extend the time.
    return known !== undefined && now < known.freshUntil && now >= known.freshUntil - SLUG_FRESH_MS
      ? known.stashId
      : null
  }

  /** Refuses with `stash_not_found` where no stash has the slug, and with `names_busy` where that cannot be found out now. */
  async resolve(stores: SlugStores, slug: string): Promise<Result<string>> {
    const fresh = this.peek(slug, stores.now())
    if (fresh !== null) return ok(fresh)
    const known = this.#known.get(slug)
    const lookingUp = this.#flights.join(stores, slug, nextSequence(), () => this.#lookUp(stores, slug))
    // A final claim cannot change, so no reader waits for the look-up once a minute.
    if (known?.isFinal === true) return ok(known.stashId)
    return (await lookingUp).answer
  }

  get size(): number {
    return this.#known.size
  }

  async #lookUp(stores: SlugStores, slug: string): Promise<Result<string>> {
    const inKv = await withDeadline(stores, KV_DEADLINE_MS, stores.readSlugInKv(slug))
    if (inKv !== TIMED_OUT && inKv !== null) {
      return this.#remember(stores, slug, { stashId: inKv, isFinal: true }, SLUG_FRESH_MS)
    }
    const named = await this.#questions.ask(stores, slug)
    if (named === TIMED_OUT) {
      const known = this.#known.get(slug)
      if (known === undefined) return refuse({ code: 'names_busy' })
      return this.#remember(stores, slug, known, SLUG_PROVISIONAL_MS)
    }
    if (named !== null) {
      return this.#remember(stores, slug, named, named.isFinal ? SLUG_FRESH_MS : SLUG_PROVISIONAL_MS)
    }
    this.#known.delete(slug)
    return refuse({ code: 'stash_not_found' })
  }

  #remember(stores: SlugStores, slug: string, { stashId, isFinal }: NamedStash, freshMs: number): Result<string> {
    // Set anew, so that the slug that was looked up longest ago comes first, and is the one that is dropped.
    this.#known.delete(slug)
    this.#known.set(slug, { stashId, isFinal, freshUntil: stores.now() + freshMs })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SLUGS_MAX) break
      this.#known.delete(oldest)
    }
    return ok(stashId)
  }
}
