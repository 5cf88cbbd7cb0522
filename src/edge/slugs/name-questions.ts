/**
 * Questions to the names object, in batches: an isolate sends at most one call a second, in which all slugs that are unknown by then
 * are asked for. A call takes a bounded number of slugs; past that, and where the object does not answer, there is no answer.
 */
import type { NamedStash } from '../../model/slug.ts'
import { TIMED_OUT, withDeadline } from '../with-deadline.ts'

export const CALL_INTERVAL_MS = 1_000
/** The most slugs of one call. The names object takes as many (`RESOLVE_MAX` there). */
export const CALL_SLUGS_MAX = 100
export const CALL_DEADLINE_MS = 2_000

type Host = {
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Keeps the work running when the request that started it has ended: other requests wait for it. */
  keepAlive(work: Promise<unknown>): void
  /** Asks the names object. The answers are in the order of the slugs; null: no stash has claimed the slug. */
  askNames(slugs: string[]): Promise<(NamedStash | null)[]>
}

type Batch = { slugs: Set<string>; sendAt: number; answers: Promise<Map<string, NamedStash | null>> }

export class NameQuestions {
  /** The batch that is still to be sent. */
  #open: Batch | null = null
  #sentAt = -Infinity

  /** TIMED_OUT: the batch is full, or the names object does not answer. */
  async ask(host: Host, slug: string): Promise<NamedStash | null | typeof TIMED_OUT> {
    const now = host.now()
    const batch = this.#join(host, slug, now)
    if (batch === null) return TIMED_OUT
    const deadlineMs = Math.max(0, batch.sendAt - now) + CALL_DEADLINE_MS
    const answers = await withDeadline(host, deadlineMs, batch.answers)
    return answers === TIMED_OUT ? TIMED_OUT : (answers.get(slug) ?? null)
  }

  /** Null where the batch is full. */
  #join(host: Host, slug: string, now: number): Batch | null {
    const open = this.#open
    // A batch whose own request was cancelled may never be sent. A clock that was set back makes one look far away.
    const isOpen = open !== null && Math.abs(open.sendAt - now) <= CALL_INTERVAL_MS
    if (isOpen) {
      if (open.slugs.size >= CALL_SLUGS_MAX && !open.slugs.has(slug)) return null
      open.slugs.add(slug)
      return open
    }
    const sendAt = Math.min(Math.max(now, this.#sentAt + CALL_INTERVAL_MS), now + CALL_INTERVAL_MS)
    const batch: Batch = { slugs: new Set([slug]), sendAt, answers: Promise.resolve(new Map()) }
    this.#open = batch
    batch.answers = this.#send(host, batch, sendAt - now)
    host.keepAlive(batch.answers.catch(() => {}))
    return batch
  }

  async #send(host: Host, batch: Batch, waitMs: number): Promise<Map<string, NamedStash | null>> {
    if (waitMs > 0) await host.sleep(waitMs)
    if (this.#open === batch) this.#open = null
    this.#sentAt = host.now()
    const slugs = [...batch.slugs]
    const answers = await host.askNames(slugs)
    return new Map(slugs.map((slug, i) => [slug, answers[i] ?? null]))
  }
}
