/**
 * What is done to the service while the workers run: it is ended hard or gently and started again, its runtime alone is ended,
 * and its object is put back to an older copy while KV keeps the newer state.
 */
import { join } from 'node:path'
import { sleep } from './ask.ts'
import { OBJECTS, type Service } from './service.ts'
import type { State } from './state.ts'
import type { Epoch } from './story.ts'
import type { Witness } from './witness.ts'

/** Twice as long as KV needs to be told of the last change where nothing is in its way. */
export const KV_SETTLES_MS = 2_500

/** A recovery comes after so many faults that its copy has missed. */
const FAULTS_TO_RECOVERY = 1

export type FaultPlan = {
  kills: boolean
  recoveries: boolean
  /** The mean time from one fault to the next. */
  everyMs: number
}

export class Faults {
  readonly #service: Service
  readonly #state: State
  readonly #witness: Witness
  readonly #scratch: string
  readonly epochs: Epoch[] = []
  #hasCopy = false
  #faultsSinceCopy = 0
  /** Since when things happen that no history was taken down for yet. */
  openSince = Date.now()

  constructor(service: Service, state: State, witness: Witness, scratch: string) {
    this.#service = service
    this.#state = state
    this.#witness = witness
    this.#scratch = scratch
  }

  async run({ kills, recoveries, everyMs }: FaultPlan): Promise<void> {
    const { random } = this.#state
    if (!kills) return
    while (!this.#state.isOver) {
      const nextAt = Date.now() + random.between(0.4 * everyMs, 1.6 * everyMs)
      while (Date.now() < nextAt && !this.#state.isOver) await sleep(50)
      if (this.#state.isOver) return
      const roll = random()
      if (this.#hasCopy && this.#faultsSinceCopy++ >= FAULTS_TO_RECOVERY) await this.recover()
      else if (roll < 0.4) await this.#killRuntime()
      else await this.#restart(roll < 0.93 ? 'SIGKILL' : 'SIGTERM', recoveries)
    }
  }

  async #killRuntime(): Promise<void> {
    this.#state.endGeneration()
    this.#state.counts.runtimeKills++
    await this.#service.killRuntime()
    await sleep(20)
    await this.#witness.untilUp()
    this.#state.begin()
  }

  async #restart(signal: 'SIGKILL' | 'SIGTERM', copies: boolean): Promise<void> {
    const { random, counts } = this.#state
    this.#state.endGeneration()
    if (signal === 'SIGKILL') counts.kills++
    await this.#service.end(signal)
    if (copies && !this.#hasCopy) await this.copyObject()
    await sleep(random() < 0.5 ? 0 : random.between(0, 1_000))
    await this.#service.start()
    this.#state.begin()
  }

  async copyObject(): Promise<void> {
    await this.#service.copyOut(OBJECTS, join(this.#scratch, 'object'))
    this.#hasCopy = true
    this.#faultsSinceCopy = 0
  }

  /** Only for a service that is to be wrong: with KV put back as well, nothing is left that could notice. */
  async copyKv(): Promise<void> {
    await this.#service.copyOut('kv', join(this.#scratch, 'kv'))
  }

  /** The object's files go back to the copy. What was acknowledged since is lost then, and is in the closed epoch's history. */
  async recover({ withKv = false } = {}): Promise<void> {
    const { gate, counts, stash } = this.#state
    await gate.shut()
    if (!withKv) await sleep(KV_SETTLES_MS)
    await this.closeEpoch()
    this.#state.endGeneration()
    counts.recoveries++
    await this.#service.end('SIGKILL')
    await this.#service.putBack(OBJECTS, join(this.#scratch, 'object'), stash.id)
    if (withKv) await this.#service.putBack('kv', join(this.#scratch, 'kv'), '')
    this.#hasCopy = false
    // What follows is told of the new epoch alone.
    this.openSince = Date.now()
    this.#state.epoch++
    this.#state.versions.clear()
    this.#state.revision = 0
    await this.#service.start()
    this.#state.begin()
    gate.open()
  }

  /** Takes down the history of the epoch that ends now. */
  async closeEpoch(): Promise<void> {
    const entries = await this.#witness.history()
    this.epochs.push({ from: this.openSince, until: Date.now(), entries })
  }
}
