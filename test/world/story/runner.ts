/** Runs the steps of a story. Its clients repeat a write until its outcome is known, and check that they read their writes. */
import type { Applied, Intent } from '../../../src/model/intent.ts'
import type { Result } from '../../../src/model/refusal.ts'
import type { Answer } from '../cache-model.ts'
import { InvariantViolation } from '../kv-model.ts'
import { OWN_WRITES_WITHIN_MS, GUARANTEES } from '../bounds.ts'
import type { Isolate, Place } from '../reader.ts'
import type { Copy } from '../runtime/disk.ts'
import { OBJECT_PLACE } from '../objects.ts'
import { WatcherModel } from '../watcher-model.ts'
import type { World } from '../world.ts'
import type { Edit, Step, Via } from './step.ts'

const WATCHERS_MAX = 6
/** More revisions than a replay contains. */
const BURST = 110
/** How long a client waits for the outcome of a write. */
const PATIENCE_MS = 20_000
/** The longest look-up of an isolate: all its deadlines have passed by then. */
const ANSWERED_WITHIN_MS = 15_000
const FROZEN_MS = 20_000
const TYPE = 'text/plain; charset=utf-8'
/** History is pruned past 6 GiB. */
const FULL_BYTES = 7 * 1024 ** 3

/** Turns a snapshot into one that an older version wrote. Today's code can still read its flags. */
const WRITTEN_BEFORE: Record<Extract<Step, { do: 'upgrade' }>['from'], (text: string) => string> = {
  'older format': (text) => {
    const { reverts: _, ...snapshot } = JSON.parse(text) as Record<string, unknown>
    return JSON.stringify({ ...snapshot, format: 1 })
  },
  'without reverts': (text) => {
    const { reverts: _, ...snapshot } = JSON.parse(text) as Record<string, unknown>
    return JSON.stringify(snapshot)
  },
}

export class StoryRunner {
  readonly #world: World
  readonly #backUps: Copy[]
  readonly #written = new Map<Isolate, { revision: number; at: number; timeline: number }>()
  /** The highest revision that a client has received as an answer. */
  #known = 0
  #values = 0
  /** The held change that ends the last time-box. */
  #revert: string | null = null
  /** The number of pending answers. */
  #waiting = 0

  constructor(world: World) {
    this.#world = world
    this.#backUps = [world.object.copy()]
  }

  get waiting(): number {
    return this.#waiting
  }

  writeLast(): void {
    this.#runAside(this.#write({ kind: 'put', key: 'a' }, { place: 0, isolate: 0 }))
  }

  async run(step: Step): Promise<void> {
    const world = this.#world
    const { object, objects } = world
    switch (step.do) {
      case 'wait':
        return world.clock.pass(step.ms)
      case 'write':
        return this.#runAside(this.#write(step.edit, step.via))
      case 'burst':
        return this.#runAside(this.#burst(step.via))
      case 'delete stash':
        return this.#runAside(this.#send({ kind: 'delete_stash' }, step.via))
      case 'read':
        return this.#runAside(
          'direct' in step ? this.#read(step.place, step.key, step.direct) : this.#readCarefully(step),
        )
      case 'crash':
        return this.#runAside(this.#crash(step.afterMs))
      case 'overlap':
        return object.overlap()
      case 'hibernate':
        return object.hibernate()
      case 'kv':
        world.kv.state = step.state
        return
      case 'object':
        world.disturb()
        object.state = step.state
        return
      case 'hub':
        for (const hub of objects.hubs()) hub.state = step.state
        return
      case 'hub crash':
        for (const hub of objects.hubs()) hub.crash()
        return
      case 'alarms':
        object.alarms = step.fate
        return
      case 'purges':
        world.cache.purges = step.fate
        return
      case 'watch':
        if (world.watchers.length < WATCHERS_MAX) world.watchers.push(new WatcherModel(world, step.keys))
        return
      case 'drop':
        return world.watchers[step.watcher]?.drop()
      case 'fill':
        object.disk.databaseSize = step.isFull ? FULL_BYTES : 64 * 1024
        return
      case 'back up':
        if (!world.truth.head.isDeleted) this.#backUps.push(object.copy())
        return
      case 'go back':
        return this.#goBack()
      case 'upgrade':
        return this.#upgrade(step.from)
    }
  }

  #runAside(work: Promise<unknown>): void {
    this.#waiting++
    work.catch((fault: unknown) => this.#world.report(fault)).finally(() => this.#waiting--)
  }

  async #write(edit: Edit, via: Via): Promise<void> {
    const intent = this.#toIntent(edit)
    if (intent === null) return
    const applied = await this.#send(intent, via)
    if (applied?.ok === true && applied.value.reverts !== undefined) this.#revert = applied.value.reverts.heldId
  }

  /** Repeats a write with the same Idempotency-Key while its outcome is unknown, as the documentation tells clients to. */
  async #send(intent: Intent, via: Via): Promise<Result<Applied> | null> {
    const world = this.#world
    const isolate = this.#isolate(via)
    const key = `write-${++this.#values}`
    for (let attempt = 0; attempt < 4; attempt++) {
      const { timeline } = world.truth
      const outcome = await this.#try(isolate, intent, key)
      if (outcome?.ok === true) {
        if (timeline === world.truth.timeline) this.#note(isolate, outcome.value.revision)
        return outcome
      }
      if (outcome !== null) return outcome
      await world.clock.sleep(world.random.between(300, 2_000))
    }
    return null
  }

  /** Returns null if the outcome is unknown. */
  #try(isolate: Isolate, intent: Intent, key: string): Promise<Result<Applied> | null> {
    const patience = this.#world.clock.sleep(PATIENCE_MS).then(() => null)
    return Promise.race([this.#world.write(isolate, intent, key), patience])
  }

  #note(isolate: Isolate, revision: number): void {
    const { clock, truth } = this.#world
    this.#known = Math.max(this.#known, revision)
    const before = this.#written.get(isolate)
    if (before?.timeline === truth.timeline && before.revision > revision) return
    this.#written.set(isolate, { revision, at: clock.now(), timeline: truth.timeline })
  }

  #toIntent(edit: Edit): Intent | null {
    const box = 'forMs' in edit && edit.forMs !== undefined ? { forMs: edit.forMs } : {}
    switch (edit.kind) {
      case 'put':
        return { kind: 'put', key: edit.key, value: this.#value(), type: TYPE, ...box }
      case 'delete':
        return { kind: 'delete', key: edit.key, ...box }
      case 'patch':
        return { kind: 'patch', changes: edit.keys.map((key) => ({ key, value: this.#value(), type: TYPE })), ...box }
      case 'keep':
        return this.#revert === null ? null : { kind: 'drop_held', heldId: this.#revert }
      case 'freeze': {
        const until = this.#world.clock.now() + FROZEN_MS
        return edit.keys === null ? { kind: 'freeze', until } : { kind: 'freeze_keys', keys: edit.keys, until }
      }
      case 'unfreeze':
        return edit.keys === null ? { kind: 'unfreeze' } : { kind: 'unfreeze_keys', keys: edit.keys }
    }
  }

  #value = (): string => `v${++this.#values}`

  async #burst(via: Via): Promise<void> {
    const isolate = this.#isolate(via)
    for (let i = 0; i < BURST; i++) {
      const intent: Intent = { kind: 'put', key: 'a', value: this.#value(), type: TYPE }
      if ((await this.#try(isolate, intent, `burst-${this.#values}`)) === null) return
    }
  }

  async #read(number: number, key: string, isDirect: boolean): Promise<void> {
    const place = this.#place(number)
    const answer = await (isDirect ? this.#world.answer(place, { key }) : this.#world.read(place, key))
    this.#checkStatus(answer, [200, 404, 503])
  }

  /** Reads through one isolate, with a minimum revision or after a write through the same isolate. */
  async #readCarefully(step: Extract<Step, { isolate: number }>): Promise<void> {
    const { clock, truth } = this.#world
    const place = this.#place(step.place)
    const isolate = this.#isolate(step)
    const written = this.#written.get(isolate)
    const { timeline } = truth
    const askedAt = clock.now()
    const minRevision = { none: 0, known: this.#known, 'made up': truth.head.revision + 3 }[step.minRevision]
    const answer = await this.#world.answer(place, { key: step.key, minRevision }, isolate)
    this.#checkStatus(answer, [200, 404, 503, 412])
    const { status, revision } = answer
    if (revision !== null && revision < minRevision) {
      throw new InvariantViolation(`revision ${minRevision} was requested, and ${revision} was served`)
    }
    const isSame = timeline === truth.timeline && !truth.head.isDeleted
    if (status === 412 && isSame && step.minRevision !== 'made up') {
      throw new InvariantViolation(`revision ${minRevision} was acknowledged, and the answer is that it does not exist`)
    }
    if (!isSame || !this.#isUndisturbedSince(askedAt)) return
    if (status === 503 || (status === 412 && step.minRevision !== 'made up')) {
      throw new InvariantViolation(`the object was reachable, and the answer is ${status}`)
    }
    const isOwn = written?.timeline === timeline && askedAt - written.at < OWN_WRITES_WITHIN_MS
    if (isOwn && revision !== null && revision < written.revision && this.#isUndisturbedSince(written.at)) {
      throw new InvariantViolation(
        `revision ${written.revision} was written through an isolate, which then served ${revision}`,
      )
    }
  }

  /** Whether nothing has delayed answers since this time, and no look-up from before a disturbance is pending. */
  #isUndisturbedSince(at: number): boolean {
    const { object, disturbedAt } = this.#world
    return object.state === 'up' && disturbedAt < at - ANSWERED_WITHIN_MS
  }

  #checkStatus({ status, revision }: Answer, expected: number[]): void {
    const { truth } = this.#world
    if (!expected.includes(status)) throw new InvariantViolation(`a read was answered ${status}`)
    // A 404 without a revision means that there is no such stash.
    if (status === 404 && revision === null && !truth.head.isDeleted)
      throw new InvariantViolation('a stash that exists was answered with 404')
  }

  async #crash(afterMs: number): Promise<void> {
    const { clock, object } = this.#world
    await clock.sleep(afterMs)
    object.crash()
  }

  #goBack(): void {
    const { object, objects, truth, clock, kv } = this.#world
    const backUp = this.#backUps.at(this.#world.random() < 0.6 ? 0 : -1)
    // If KV lacks the last revisions, nothing distinguishes them from those that the object makes after the recovery.
    if (kv.latest?.revision !== truth.head.revision) return
    if (backUp === undefined || truth.head.isDeleted) return
    object.goBack(backUp)
    // Hubs that subscribed since are no longer in the tables, so the stash does not call them.
    if (!GUARANTEES.subscribesHubsAgain) for (const hub of objects.hubs()) hub.crash()
    truth.goBack(object.disk, clock.now(), kv.latest.revision)
    // Restoring a database takes longer than the delay of KV.
    kv.catchUp(OBJECT_PLACE)
    this.#known = 0
  }

  /** Sets KV and the object's cursor to the state that an older version leaves. The object restarts with today's code. */
  #upgrade(from: Extract<Step, { do: 'upgrade' }>['from']): void {
    const { object, kv, plant, truth } = this.#world
    if (truth.head.isDeleted || kv.latest === undefined) return
    object.crash()
    kv.rewrite(WRITTEN_BEFORE[from])
    if (plant !== 'older layout not noticed') object.disk.exec('UPDATE cursor SET layout = 0', [])
    object.disk.settle()
    this.#world.withoutReverts = Math.max(truth.head.revision, kv.latest.revision)
  }

  #isolate({ place, isolate }: Via): Isolate {
    const chosen = this.#place(place).isolates[isolate]
    if (chosen === undefined) throw new Error('no such isolate')
    return chosen
  }

  #place(number: number): Place {
    const place = this.#world.places[number]
    if (place === undefined) throw new Error('no such place')
    return place
  }
}
