/**
 * Writers. Each has a token of its own and makes one operation at a time: it draws an operation and a fault of the
 * connection, and repeats with the same Idempotency-Key until it gets an answer. It records all attempts and answers.
 */
import { HttpClient, sleep, type Answer, type HttpRequest, type Outcome } from './http-client.ts'
import { BOX_KEYS, BUSY_KEYS, getCode, isAnswer, type State } from './state.ts'
import type { Loss, Operation } from './recording.ts'

const PAUSE_MS = { least: 10, most: 90 }
/** Longer than a restart takes here. */
const GIVE_UP_MS = 60_000
const RETRY_MS = { least: 20, most: 400 }

export async function write(state: State, number: number): Promise<void> {
  const writer = new Writer(state, number)
  while (!state.isOver) {
    await state.gate.enter()
    try {
      if (!state.isOver) await writer.step()
    } finally {
      state.gate.leave()
    }
    await sleep(state.random.between(PAUSE_MS.least, PAUSE_MS.most))
  }
  writer.close()
}

class Writer {
  readonly #state: State
  readonly #number: number
  readonly #client: HttpClient
  #count = 0
  /** Its newest revision, for undo. */
  #last = 0
  #repeatLater: { operation: Operation; at: number; epoch: number }[] = []

  constructor(state: State, number: number) {
    this.#state = state
    this.#number = number
    this.#client = new HttpClient(state.pick(state.origins))
  }

  close(): void {
    this.#client.close()
  }

  async step(): Promise<void> {
    const due = this.#repeatLater.findIndex(({ at }) => at <= Date.now())
    const [later] = due === -1 ? [] : this.#repeatLater.splice(due, 1)
    if (later !== undefined) {
      if (later.epoch === this.#state.epoch) await this.#attempt(later.operation, 'none')
      return
    }
    const operation = this.#draw()
    this.#state.operations.push(operation)
    await (operation.keyed ? this.#makeSurely(operation) : this.#attempt(operation, this.#drawLoss(operation)))
    this.#planRepeat(operation)
  }

  async #makeSurely(operation: Operation): Promise<void> {
    const { random, rules } = this.#state
    const giveUpAt = Date.now() + GIVE_UP_MS
    const hasBody = operation.kind !== 'delete'
    if (rules.fence && hasBody && random() < 0.04) return this.#makeLate(operation)
    for (let n = 0; Date.now() < giveUpAt; n++) {
      // The third attempt has no fault, so that each operation ends.
      const outcome = await this.#attempt(operation, n < 2 ? this.#drawLoss(operation) : 'none')
      if (isAnswer(outcome) && outcome.status < 500 && outcome.status !== 429) return
      await sleep(random.between(RETRY_MS.least, RETRY_MS.most))
    }
  }

  /** Completes the original request only after its repeat has been answered. */
  async #makeLate(operation: Operation): Promise<void> {
    const { random, counts } = this.#state
    counts.late++
    const request = this.#toRequest(operation)
    const body = request.body ?? ''
    const sentAt = Date.now()
    const original = this.#client.sendLate({ ...request, body })
    await sleep(random.between(0, 50))
    await this.#attempt(operation, 'none')
    await sleep(random.between(0, 500))
    const outcome = await original.finish()
    this.#note(operation, 'late', sentAt, outcome)
  }

  /** Plans a later repeat, which must get the same answer. */
  #planRepeat(operation: Operation): void {
    const { random, rules, epoch } = this.#state
    const last = operation.attempts.findLast(({ status }) => status !== null)
    if (!operation.keyed || last === undefined || random() > 0.12) return
    if ((last.status ?? 500) >= 400 && !rules.fence) return
    this.#repeatLater.push({ operation, at: Date.now() + random.between(0, 6_000), epoch })
  }

  async #attempt(operation: Operation, loss: Loss): Promise<Outcome> {
    const sentAt = Date.now()
    const outcome = await this.#client.send({ ...this.#toRequest(operation), loss })
    if (loss !== 'none') this.#state.counts.dropped++
    this.#note(operation, loss, sentAt, outcome)
    return outcome
  }

  #note(operation: Operation, loss: Loss, sentAt: number, outcome: Outcome): void {
    if (outcome === 'unsent') return
    if (operation.attempts.length > 0) this.#state.counts.repeats++
    const endedAt = Date.now()
    if (outcome === 'lost') {
      operation.attempts.push({ sentAt, endedAt, loss, status: null, code: null, body: '' })
      return
    }
    const { status, body } = outcome
    operation.attempts.push({ sentAt, endedAt, loss, status, code: getCode(outcome), body })
    this.#learn(operation, outcome)
  }

  #learn(operation: Operation, answer: Answer): void {
    const { versions } = this.#state
    if (answer.status === 200) {
      const revision = Number((JSON.parse(answer.body) as { revision: number }).revision)
      this.#state.see(revision)
      this.#last = revision
      for (const [key, value] of Object.entries(operation.wanted)) versions.set(key, value === null ? null : revision)
    }
    if (answer.status === 412) {
      const { current, of } = JSON.parse(answer.body) as { current: number | null; of: string }
      const [key] = Object.keys(operation.wanted)
      if (of === 'item' && key !== undefined) versions.set(key, current)
      if (of === 'stash' && current !== null) this.#state.see(current)
    }
  }

  #drawLoss({ kind, keyed }: Operation): Loss {
    const roll = this.#state.random()
    const rate = keyed ? 1 : 0.3
    if (roll < 0.08 * rate) return 'cut'
    if (roll < 0.18 * rate) return 'unread'
    return kind !== 'delete' && roll < 0.21 * rate ? 'half' : 'none'
  }

  #draw(): Operation {
    const { random, versions, revision } = this.#state
    const id = `w${this.#number}-${this.#count++}`
    const base = { id, keyed: random() < 0.92, attempts: [] }
    const roll = random()
    const isBox = roll < 0.05
    const keys = isBox ? BOX_KEYS : BUSY_KEYS
    const key = this.#state.pick(keys)
    const put = { ...base, kind: 'put' as const, wanted: { [key]: `${id}.${key}` } }
    const forMs = 1_000 * Math.floor(random.between(2, this.#state.forMaxMs / 1_000 + 1))
    if (isBox) {
      if (random() < 0.15) return put
      if (random() < 0.8) return { ...put, forMs }
      const other = this.#state.pick(BOX_KEYS)
      return { ...put, kind: 'patch', wanted: { ...put.wanted, [other]: `${id}.${other}` }, forMs }
    }
    const known = versions.get(key)
    const condition = known === null || known === undefined ? { ifNoneMatch: true as const } : { ifMatch: known }
    if (roll < 0.08) return { ...put, dueAt: Date.now() + random.between(1_500, 6_000) }
    if (roll < 0.45) return { ...put, ...(random() < 0.02 && { forMs }) }
    if (roll < 0.7) return { ...put, ...condition }
    if (roll < 0.78) return { ...put, wanted: { lock: `${id}.lock` }, ifNoneMatch: true }
    if (roll < 0.87) {
      const isLock = random() < 0.4
      const gone = { ...base, kind: 'delete' as const, wanted: { [isLock ? 'lock' : key]: null } }
      return random() < 0.3 && !isLock && 'ifMatch' in condition ? { ...gone, ...condition } : gone
    }
    if (roll < 0.95 || this.#last === 0) {
      const other = this.#state.pick(keys)
      const wanted = { ...put.wanted, ...(other !== key && { [other]: random() < 0.2 ? null : `${id}.${other}` }) }
      return { ...put, kind: 'patch', wanted, ...(random() < 0.3 && { ifMatch: revision }) }
    }
    return { ...base, kind: 'undo', wanted: {}, undoes: this.#last }
  }

  #toRequest({ id, kind, wanted, ifMatch, ifNoneMatch, forMs, dueAt, undoes, keyed }: Operation): HttpRequest {
    const { stash } = this.#state
    const query = new URLSearchParams({ reason: id })
    if (forMs !== undefined) query.set('for', `${forMs / 1_000}s`)
    if (dueAt !== undefined) query.set('at', new Date(dueAt).toISOString())
    const headers = {
      Authorization: `Bearer ${stash.writers[this.#number] ?? ''}`,
      ...(keyed && { 'Idempotency-Key': id }),
      ...(ifMatch !== undefined && { 'If-Match': `"${ifMatch}"` }),
      ...(ifNoneMatch && { 'If-None-Match': '*' }),
    }
    const [[key = '', value = null] = []] = Object.entries(wanted)
    switch (kind) {
      case 'put':
        return { method: 'PUT', path: `/api/item/${stash.id}/${key}?${query}`, headers, body: value ?? '' }
      case 'delete':
        return { method: 'DELETE', path: `/api/item/${stash.id}/${key}?${query}`, headers }
      case 'patch':
        return { method: 'PATCH', path: `/api/stash/${stash.id}/flags?${query}`, headers, body: JSON.stringify(wanted) }
      case 'undo':
        return {
          method: 'POST',
          path: `/api/stash/${stash.id}/undo?${query}`,
          headers,
          body: JSON.stringify({ revision: undoes }),
        }
    }
  }
}
