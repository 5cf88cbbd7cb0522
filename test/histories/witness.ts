/** Reads what the stash says of itself: its whole history, whether that verifies, and how its flags stand. */
import { Asker, headerOf, sleep, type Answer } from './ask.ts'
import { isAnswer, mustAsk, type Stash } from './state.ts'
import type { Entry } from './story.ts'

type WireEntry = {
  revision: number
  at: string
  kind: string
  reason: string | null
  changes: { key: string; before: string | null; after: string | null }[]
  held_id?: string
  ends?: number
  reverts_at?: string
  hash: string
}

const PAGE = 200

export class Witness {
  readonly #asker: Asker
  readonly #stash: Stash

  constructor(origin: string, stash: Stash) {
    this.#asker = new Asker(origin)
    this.#stash = stash
  }

  /** Oldest first. */
  async history(): Promise<Entry[]> {
    const entries: Entry[] = []
    let before: number | null = null
    do {
      const tail: string = before === null ? '' : `&before=${before}`
      const page = await this.#ask(`/history?limit=${PAGE}${tail}`)
      const { entries: some, next } = JSON.parse(page.body) as { entries: WireEntry[]; next: number | null }
      entries.push(...some.map(toEntry))
      before = next
    } while (before !== null)
    return entries.toReversed()
  }

  async verify(): Promise<{ valid: boolean; text: string }> {
    const { body } = await this.#ask('/history/verify')
    return { valid: (JSON.parse(body) as { valid: boolean }).valid, text: body }
  }

  async flags(): Promise<{ revision: number; flags: Record<string, string>; source: string }> {
    const answer = await this.#ask('/flags')
    const { revision, flags } = JSON.parse(answer.body) as { revision: number; flags: Record<string, string> }
    return { revision, flags, source: headerOf(answer, 'switchyard-source') ?? '' }
  }

  /** Waits until the service answers. */
  async untilUp(deadlineMs = 60_000): Promise<void> {
    const deadline = Date.now() + deadlineMs
    while (Date.now() < deadline) {
      const answer = await this.#asker.ask({ method: 'GET', path: '/healthz' })
      if (isAnswer(answer) && answer.status === 200) return
      await sleep(25)
    }
    throw new Error('the service did not come back')
  }

  close(): void {
    this.#asker.close()
  }

  /** With some patience: right after a start the first answers may be 503. */
  async #ask(path: string): Promise<Answer> {
    const asked = {
      method: 'GET',
      path: `/api/stash/${this.#stash.id}${path}`,
      headers: { Authorization: `Bearer ${this.#stash.master}` },
    }
    for (let i = 0; i < 10; i++) {
      const answer = await this.#asker.ask(asked)
      if (isAnswer(answer) && answer.status === 200) return answer
      await sleep(300)
    }
    return mustAsk(this.#asker, asked)
  }
}

const toEntry = (wire: WireEntry): Entry => ({
  revision: wire.revision,
  at: Date.parse(wire.at),
  kind: wire.kind,
  reason: wire.reason,
  changes: wire.changes,
  heldId: wire.held_id ?? null,
  ends: wire.ends ?? null,
  revertsAt: wire.reverts_at === undefined ? null : Date.parse(wire.reverts_at),
  hash: wire.hash,
})
