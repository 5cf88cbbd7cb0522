/** The shared state of the workers of a run: the stash, the recording so far, and a gate that pauses all writers. */
import { createRandom, type Random } from '../world/random.ts'
import { HttpClient, getHeader, type Answer, type HttpRequest, type Outcome } from './http-client.ts'
import type { Generation, Operation, Read, Rules, Watched } from './recording.ts'

export type Stash = { id: string; master: string; writers: string[] }

/** Written often, so that preconditions conflict. */
export const BUSY_KEYS = ['busy-0', 'busy-1', 'busy-2', 'busy-3', 'lock']
/** Written seldom and mostly with a time-box, so that most time-boxes reach their end. */
export const BOX_KEYS = Array.from({ length: 12 }, (_, i) => `box-${i}`)

export class State {
  readonly rules: Rules
  readonly stash: Stash
  /** One for each Worker over the same objects. */
  readonly origins: string[]
  readonly random: Random
  readonly forMaxMs: number
  readonly gate = new Gate()
  readonly operations: Operation[] = []
  readonly reads: Read[] = []
  readonly watched: Watched[] = []
  /** Events whose fields contradict each other. */
  readonly malformed: string[] = []
  readonly generations: Generation[] = []
  readonly counts = { kills: 0, runtimeKills: 0, hubAborts: 0, recoveries: 0, dropped: 0, repeats: 0, late: 0 }
  /** The last known version of each key, or null if it is absent. Preconditions made from it are often met. */
  readonly versions = new Map<string, number | null>()
  /** The newest revision that was acknowledged or seen since the last recovery. */
  revision = 0
  epoch = 0
  /** Set when writers and readers must stop. */
  isOver = false
  /** Set when the watchers may stop as well. */
  isDone = false

  constructor(origins: string[], stash: Stash, rules: Rules, { seed, forMaxMs }: { seed: number; forMaxMs: number }) {
    this.origins = origins
    this.stash = stash
    this.rules = rules
    this.random = createRandom(seed)
    this.forMaxMs = forMaxMs
  }

  /** Called when a new runtime is up. */
  begin(): void {
    this.generations.push({ from: Date.now(), until: Infinity })
  }

  /** Called just before the runtime is killed. */
  endGeneration(): void {
    const current = this.generations.at(-1)
    if (current !== undefined && current.until === Infinity) current.until = Date.now()
  }

  see(revision: number): void {
    this.revision = Math.max(this.revision, revision)
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.random() * list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}

/** Writers enter it for each operation. `shut` waits until no operation is in flight, and lets none start. */
export class Gate {
  #busy = 0
  #idle: PromiseWithResolvers<void> | null = null
  #shut: PromiseWithResolvers<void> | null = null

  async enter(): Promise<void> {
    while (this.#shut !== null) await this.#shut.promise
    this.#busy++
  }

  leave(): void {
    this.#busy--
    if (this.#busy === 0) this.#idle?.resolve()
  }

  async shut(): Promise<void> {
    this.#shut = Promise.withResolvers()
    this.#idle = Promise.withResolvers()
    if (this.#busy === 0) this.#idle.resolve()
    await this.#idle.promise
  }

  open(): void {
    this.#shut?.resolve()
    this.#shut = null
    this.#idle = null
  }
}

export async function createStash(origin: string, writers: number): Promise<Stash> {
  const client = new HttpClient(origin)
  const created = await sendOrThrow(client, { method: 'POST', path: '/api/stash' })
  const { stash_id: id, master_token: master } = JSON.parse(created.body) as { stash_id: string; master_token: string }
  const tokens: string[] = []
  for (let i = 0; i < writers; i++) {
    const spec = { label: `writer-${i}`, can: ['write'], keys: ['*'], expires_in: '1d' }
    const granted = await sendOrThrow(client, {
      method: 'POST',
      path: `/api/stash/${id}/tokens`,
      headers: { Authorization: `Bearer ${master}` },
      body: JSON.stringify(spec),
    })
    tokens.push((JSON.parse(granted.body) as { token: string }).token)
  }
  client.close()
  return { id, master, writers: tokens }
}

export async function sendOrThrow(client: HttpClient, request: HttpRequest): Promise<Answer> {
  const answer = await client.send(request)
  if (!isAnswer(answer) || answer.status !== 200) {
    const what = isAnswer(answer) ? `${answer.status} ${answer.body}` : answer
    throw new Error(`${request.method} ${request.path}: ${what}`)
  }
  return answer
}

export const isAnswer = (outcome: Outcome): outcome is Answer => typeof outcome !== 'string'

/** The stable code of a refusal. */
export function getCode(answer: Answer): string | null {
  const problem = getHeader(answer, 'switchyard-problem')
  if (problem !== null || answer.status < 400) return problem
  try {
    return (JSON.parse(answer.body) as { code?: string }).code ?? null
  } catch {
    return null
  }
}
