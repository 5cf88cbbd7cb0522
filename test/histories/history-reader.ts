/** Reads the stash's own records: its whole history, the result of its verification, and its flags. */
import { HttpClient, getHeader, sleep, type Answer } from './http-client.ts'
import { isAnswer, sendOrThrow, type Stash } from './state.ts'
import type { Entry } from './recording.ts'

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

export class HistoryReader {
  readonly #client: HttpClient
  readonly #stash: Stash

  constructor(origin: string, stash: Stash) {
    this.#client = new HttpClient(origin)
    this.#stash = stash
  }

  /** Returns all entries, oldest first. */
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
    return { revision, flags, source: getHeader(answer, 'switchyard-source') ?? '' }
  }

  /** Waits until the service answers. */
  async untilUp(deadlineMs = 60_000): Promise<void> {
    const deadline = Date.now() + deadlineMs
    while (Date.now() < deadline) {
      const answer = await this.#client.send({ method: 'GET', path: '/healthz' })
      if (isAnswer(answer) && answer.status === 200) return
      await sleep(25)
    }
    throw new Error('the service did not answer again')
  }

  close(): void {
    this.#client.close()
  }

  /** Retries, because the first answers after a start may be 503. */
  async #ask(path: string): Promise<Answer> {
    const request = {
      method: 'GET',
      path: `/api/stash/${this.#stash.id}${path}`,
      headers: { Authorization: `Bearer ${this.#stash.master}` },
    }
    for (let i = 0; i < 10; i++) {
      const answer = await this.#client.send(request)
      if (isAnswer(answer) && answer.status === 200) return answer
      await sleep(300)
    }
    return sendOrThrow(this.#client, request)
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
