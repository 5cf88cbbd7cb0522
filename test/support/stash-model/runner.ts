/**
 * Runs a story against a real stash and against its model, step by step. After each step their tables must be the same.
 * The clock is a fake one, far from the real one, so that no alarm runs except those that the story runs.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import type { Applied, Command } from '../../../src/model/intent.ts'
import type { Profile } from '../../../src/model/profile.ts'
import type { Refusal, Result } from '../../../src/model/refusal.ts'
import { toTokenId } from '../../../src/model/access/token.ts'
import { StashModel, type Outcome } from '../stash-model.ts'
import { sha256 } from './ledger.ts'
import { checkHistory, checkTables } from './invariants.ts'
import { commandOf, type Cast } from './command.ts'
import type { Drawn } from './edit.ts'
import type { Step } from './story.ts'
import { entriesOf, expected, readTables, actual, type Raw } from './tables.ts'

const START = Date.UTC(2040, 0, 1)
const MASTER = sha256('token 0')

export const startClock = (): void => void vi.useFakeTimers({ now: START, toFake: ['Date'] })

type Compared = { is: unknown; must: unknown }
const NOTHING: Compared = { is: null, must: null }

export class StoryRunner {
  readonly stub: ReturnType<typeof env.STASH.get>
  readonly model: StashModel
  readonly #cast: Cast = { tokens: [MASTER], links: [] }
  #last: Command | null = null

  private constructor(stub: StoryRunner['stub'], profile: Profile) {
    this.stub = stub
    const id = stub.id.toString()
    this.model = new StashModel({ id, profile, masterHash: MASTER, createdAt: Date.now() })
  }

  static async begin(profile: Profile): Promise<StoryRunner> {
    const stub = env.STASH.get(env.STASH.newUniqueId())
    await stub.create({ name: null, description: null, profile, masterHash: MASTER })
    const play = new StoryRunner(stub, profile)
    // The alarm for the first put to KV is overdue and runs by itself. Wait for it, so that it does not run during the story.
    while ((await play.read()).cursor[0]?.['revision'] !== 0) await runDurableObjectAlarm(stub)
    return play
  }

  read(): Promise<Raw> {
    return runInDurableObject(this.stub, (_, { storage }) => readTables(storage))
  }

  /** Returns the actual and the expected answer. */
  async run(taken: Step): Promise<Compared> {
    switch (taken.do) {
      case 'say':
        return this.#say(commandOf(taken, this.model.ledger, this.#cast, Date.now()))
      case 'repeat':
        return this.#last === null ? NOTHING : this.#say(this.#last)
      case 'wait':
        vi.setSystemTime(Date.now() + taken.ms)
        return NOTHING
      case 'wait_for_it': {
        const next = Math.min(...this.model.ledger.moments().filter((at) => at > Date.now()))
        if (next < Infinity) vi.setSystemTime(next + taken.beside)
        return NOTHING
      }
      case 'ring':
        for (let i = 0; i < taken.times; i++) await this.#ring()
        return NOTHING
      case 'evict':
        await evictDurableObject(this.stub)
        return NOTHING
    }
  }

  async #say(command: Command): Promise<Compared> {
    if (command.idempotencyKey !== undefined) this.#last = command
    const answer = (await this.stub.apply(command)) as Result<Applied>
    const outcome = this.model.apply(command, Date.now(), drawnIn(answer))
    // Of a dry run only two things are compared: whether it is refused, and that it changes nothing.
    if (command.dryRun === true && answer.ok) return { is: true, must: outcome.ok }
    return { is: outcomeOf(answer), must: outcome }
  }

  async #ring(): Promise<void> {
    // It cannot ring where nothing has set it.
    if (await runDurableObjectAlarm(this.stub)) this.model.ring(Date.now())
  }

  /** The object's tables, the model's tables, and the violated invariants, of which there must be none. */
  async look(): Promise<Compared & { violations: string[] }> {
    const raw = await this.read()
    this.model.adopt(raw.held.map(({ id }) => String(id)))
    const violations = [...checkTables(raw), ...checkHistory(entriesOf(raw), toTokenId(MASTER))]
    return { is: actual(raw), must: expected(this.model), violations }
  }

  /** The object's own verification of its hash chain: the first broken entry, or null. */
  async verify(): Promise<{ revision: number; what: string; key?: string } | null> {
    const master = [...this.model.ledger.tokens.values()].find((token) => token.master && token.expiresAt === null)
    let after = 0
    this.model.endDue(Date.now())
    for (;;) {
      const credential = { kind: 'token', hash: master?.hash ?? '' } as const
      const answer = await this.stub.ask(credential, { kind: 'verify', after })
      if (!answer.ok || answer.value.kind !== 'verify') throw new Error('the stash answered another question')
      const { failure, upTo, head } = answer.value
      if (failure !== null || upTo >= head) return failure
      after = upTo
    }
  }

  /** Runs the alarm until KV is up to date, and returns the snapshot in KV. */
  async published(): Promise<unknown> {
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 20_000)
      await this.#ring()
    }
    return env.SNAPSHOTS.get(this.stub.id.toString(), 'json')
  }

  /** The snapshot that KV must have then. */
  snapshot(): object {
    const { revision, items } = this.model.ledger
    const sorted = [...items].map(([key, { value, version }]) => ({ key, value, version })).sort(byKey)
    return { revision, items: sorted }
  }
}

const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1)

const drawnIn = (answer: Result<Applied>): Drawn => ({
  key: (answer.ok ? answer.value.changed[0] : keyIn(answer.refusal)) ?? '-',
  heldId: (answer.ok ? answer.value.held?.id : undefined) ?? '-',
})

const keyIn = (refusal: Refusal): string | undefined => ('key' in refusal ? refusal.key : undefined)

/** The code and key of a refusal. Unit tests cover its other facts. */
function outcomeOf(answer: Result<Applied>): Outcome {
  if (answer.ok) return answer
  const { refusal } = answer
  const { code } = refusal
  const told = code === 'guard_mismatch' ? refusal.guard : code === 'frozen' ? refusal.by : undefined
  return { ok: false, refusal: { code, key: keyIn(refusal), tells: told === undefined ? undefined : told !== null } }
}
