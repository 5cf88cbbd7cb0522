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
import { toCommand, type Secrets } from './command.ts'
import type { Drawn } from './edit.ts'
import type { Step } from './story.ts'
import { toEntries, toExpected, readTables, toActual, type Raw } from './tables.ts'

const START = Date.UTC(2040, 0, 1)
const MASTER = sha256('token 0')

export const startClock = (): void => void vi.useFakeTimers({ now: START, toFake: ['Date'] })

type Compared = { actual: unknown; expected: unknown }
const NOTHING: Compared = { actual: null, expected: null }

export class StoryRunner {
  readonly stub: ReturnType<typeof env.STASH.get>
  readonly model: StashModel
  readonly #secrets: Secrets = { tokens: [MASTER], links: [] }
  #last: Command | null = null

  private constructor(stub: StoryRunner['stub'], profile: Profile) {
    this.stub = stub
    const id = stub.id.toString()
    this.model = new StashModel({ id, profile, masterHash: MASTER, createdAt: Date.now() })
  }

  static async begin(profile: Profile): Promise<StoryRunner> {
    const stub = env.STASH.get(env.STASH.newUniqueId())
    await stub.create({ name: null, description: null, profile, masterHash: MASTER })
    const runner = new StoryRunner(stub, profile)
    // The alarm for the first put to KV is overdue and runs by itself. The loop waits for it: it must not run in the story.
    while ((await runner.read()).cursor[0]?.['revision'] !== 0) await runDurableObjectAlarm(stub)
    return runner
  }

  read(): Promise<Raw> {
    return runInDurableObject(this.stub, (_, { storage }) => readTables(storage))
  }

  /** Returns the actual and the expected answer. */
  async run(step: Step): Promise<Compared> {
    switch (step.do) {
      case 'command':
        return this.#send(toCommand(step, this.model.ledger, this.#secrets, Date.now()))
      case 'repeat':
        return this.#last === null ? NOTHING : this.#send(this.#last)
      case 'wait':
        vi.setSystemTime(Date.now() + step.ms)
        return NOTHING
      case 'wait_for_it': {
        const next = Math.min(...this.model.ledger.moments().filter((at) => at > Date.now()))
        if (next < Infinity) vi.setSystemTime(next + step.beside)
        return NOTHING
      }
      case 'alarm':
        for (let i = 0; i < step.times; i++) await this.#runAlarm()
        return NOTHING
      case 'evict':
        await evictDurableObject(this.stub)
        return NOTHING
    }
  }

  async #send(command: Command): Promise<Compared> {
    if (command.idempotencyKey !== undefined) this.#last = command
    const answer = (await this.stub.apply(command)) as Result<Applied>
    const outcome = this.model.apply(command, Date.now(), toDrawn(answer))
    // Of a dry run that the stash allows, a test compares only that the model allows it too, and that it changes nothing.
    if (command.dryRun === true && answer.ok) return { actual: true, expected: outcome.ok }
    return { actual: toOutcome(answer), expected: outcome }
  }

  async #runAlarm(): Promise<void> {
    // If no alarm is set, none runs, so the model's must not run either.
    if (await runDurableObjectAlarm(this.stub)) this.model.runAlarm(Date.now())
  }

  /** The object's tables, the model's tables, and the violated invariants, of which there must be none. */
  async compareTables(): Promise<Compared & { violations: string[] }> {
    const raw = await this.read()
    this.model.adopt(raw.held.map(({ id }) => String(id)))
    const violations = [...checkTables(raw), ...checkHistory(toEntries(raw), toTokenId(MASTER))]
    return { actual: toActual(raw), expected: toExpected(this.model), violations }
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

  /** Runs the alarm three times, which brings KV up to date, and returns the snapshot in KV. */
  async published(): Promise<unknown> {
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 20_000)
      await this.#runAlarm()
    }
    return env.SNAPSHOTS.get(this.stub.id.toString(), 'json')
  }

  /** The revision and the items that the snapshot of `published` must have. */
  snapshot(): object {
    const { revision, items } = this.model.ledger
    const sorted = [...items].map(([key, { value, version }]) => ({ key, value, version })).sort(byKey)
    return { revision, items: sorted }
  }
}

const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1)

const toDrawn = (answer: Result<Applied>): Drawn => ({
  key: (answer.ok ? answer.value.changed[0] : getKey(answer.refusal)) ?? '-',
  heldId: (answer.ok ? answer.value.held?.id : undefined) ?? '-',
})

const getKey = (refusal: Refusal): string | undefined => ('key' in refusal ? refusal.key : undefined)

/** The answer in the form of the model: of a refusal, the code, the key and whether it has details. Unit tests cover the rest. */
function toOutcome(answer: Result<Applied>): Outcome {
  if (answer.ok) return answer
  const { refusal } = answer
  const { code } = refusal
  const detail = code === 'guard_mismatch' ? refusal.guard : code === 'frozen' ? refusal.by : undefined
  return {
    ok: false,
    refusal: {
      code,
      key: getKey(refusal),
      hasDetails: detail === undefined ? undefined : detail !== null,
      keys: code === 'frozen' ? refusal.keys : undefined,
    },
  }
}
