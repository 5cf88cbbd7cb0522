/**
 * Injects faults while the workers run: kills or terminates the service and starts it again, kills only its runtime, and
 * restores the object from an older copy while KV keeps the newer state.
 */
import { join } from 'node:path'
import { sleep } from './http-client.ts'
import { HUBS, OBJECTS, type Service } from './service.ts'
import type { State } from './state.ts'
import type { Epoch } from './recording.ts'
import type { HistoryReader } from './history-reader.ts'

/** Twice the time in which the publisher puts the last change to KV without faults. */
export const KV_SETTLED_MS = 2_500

/** The number of faults between a copy and the recovery from it. */
const FAULTS_TO_RECOVERY = 1

export type FaultPlan = {
  kills: boolean
  recoveries: boolean
  /** Whether the service can abort hubs: see `crowd-worker.ts`. */
  hubs: boolean
  /** The mean time from one fault to the next. */
  everyMs: number
}

export class Faults {
  readonly #service: Service
  readonly #state: State
  readonly #historyReader: HistoryReader
  readonly #scratch: string
  readonly epochs: Epoch[] = []
  #hasCopy = false
  #faultsSinceCopy = 0
  /** The start of the present epoch, whose history has not been read yet. */
  openSince = Date.now()

  constructor(service: Service, state: State, historyReader: HistoryReader, scratch: string) {
    this.#service = service
    this.#state = state
    this.#historyReader = historyReader
    this.#scratch = scratch
  }

  async run({ kills, recoveries, hubs, everyMs }: FaultPlan): Promise<void> {
    const { random } = this.#state
    if (!kills) return
    while (!this.#state.isOver) {
      const nextAt = Date.now() + random.between(0.4 * everyMs, 1.6 * everyMs)
      while (Date.now() < nextAt && !this.#state.isOver) await sleep(50)
      if (this.#state.isOver) return
      // Most faults: they end no process, so that a run has many.
      if (hubs && random() < 0.7) {
        await this.#abortHubs()
        continue
      }
      const roll = random()
      if (this.#hasCopy && this.#faultsSinceCopy++ >= FAULTS_TO_RECOVERY) await this.recover()
      else if (roll < 0.4) await this.#killRuntime()
      else await this.#restart(roll < 0.93 ? 'SIGKILL' : 'SIGTERM', recoveries)
    }
  }

  async #abortHubs(): Promise<void> {
    this.#state.counts.hubAborts++
    await fetch(`${this.#service.origins[0]}/abort-hubs?stash=${this.#state.stash.id}`).catch(() => {})
  }

  async #killRuntime(): Promise<void> {
    this.#state.endGeneration()
    this.#state.counts.runtimeKills++
    await this.#service.killRuntime()
    await sleep(20)
    await this.#historyReader.untilUp()
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

  /** Only for `--broken recovery`: if KV is restored as well, the service cannot notice the recovery. */
  async copyKv(): Promise<void> {
    await this.#service.copyOut('kv', join(this.#scratch, 'kv'))
  }

  /** Restores the object's files from the copy. Writes acknowledged since are lost, but are in the history of the closed epoch. */
  async recover({ withKv = false } = {}): Promise<void> {
    const { gate, counts, stash } = this.#state
    await gate.shut()
    if (!withKv) await sleep(KV_SETTLED_MS)
    await this.closeEpoch()
    this.#state.endGeneration()
    counts.recoveries++
    await this.#service.end('SIGKILL')
    await this.#service.restore(OBJECTS, join(this.#scratch, 'object'), stash.id)
    if (withKv) {
      await this.#service.restore('kv', join(this.#scratch, 'kv'), '')
      // A hub that has sent higher revisions would be evidence of the recovery as well.
      await this.#service.remove(HUBS)
    }
    this.#hasCopy = false
    // From here on everything belongs to the new epoch.
    this.openSince = Date.now()
    this.#state.epoch++
    this.#state.versions.clear()
    this.#state.revision = 0
    await this.#service.start()
    this.#state.begin()
    gate.open()
  }

  /** Reads the history of the epoch that ends now. */
  async closeEpoch(): Promise<void> {
    const entries = await this.#historyReader.history()
    this.epochs.push({ from: this.openSince, until: Date.now(), entries })
  }
}
