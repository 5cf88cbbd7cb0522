/**
 * A stash's object: durable state, an instance that can be lost between any two steps, and the real publisher,
 * alarm and purger running in it. What a lost instance had begun never goes on; what it had sent may arrive.
 */
import { cacheTag, writeSnapshot } from '../../src/model/snapshot.ts'
import { Audience } from '../../src/live/audience.ts'
import { writeEvent, type WatchEvent } from '../../src/model/watch-event.ts'
import { Alarm } from '../../src/stash/alarm.ts'
import { Publisher, type Cursor } from '../../src/stash/publish.ts'
import { Purger, type Purged } from '../../src/stash/purge.ts'
import { Teller } from '../../src/stash/teller.ts'
import type { CacheModel } from './cache-model.ts'
import type { Clock } from './clock.ts'
import type { Dice } from './dice.ts'
import { WorldBroken, type KvModel } from './kv-model.ts'
import type { SocketModel } from './watcher-model.ts'

export type ObjectState = 'up' | 'slow' | 'overloaded' | 'dead'

const ALARM_RETRY_MS = 2_000
/** Few, so that stories come past it. */
const REPLAYED_MAX = 5

export const STASH_ID = 'a'.repeat(64)
export const FLAG = 'n'

const eventOf = (revision: number): WatchEvent => ({
  type: 'change',
  revision,
  values: [{ key: FLAG, value: String(revision) }],
})

type Instance = {
  alive: boolean
  publisher: Publisher
  alarm: Alarm
  purger: Purger
  audience: Audience<SocketModel>
  teller: Teller
}

export class ObjectModel {
  state: ObjectState = 'up'
  /** Nobody who reads gets through; whoever writes does. */
  outOfReach = false
  requests = 0
  broken: Error | null = null
  /** When each revision came to be; the index is the revision. */
  readonly madeAt: number[]
  readonly #world: { clock: Clock; dice: Dice; kv: KvModel; cache: CacheModel }
  #cursor: Cursor = { revision: -1, triedAt: 0, failures: 0, pending: false, layout: 0 }
  #alarmAt: number | null = null
  #ringing = false
  #instance: Instance | null = null
  readonly #sockets = new Set<SocketModel>()

  constructor(world: { clock: Clock; dice: Dice; kv: KvModel; cache: CacheModel }) {
    this.#world = world
    this.madeAt = [world.clock.now()]
    this.#awake().alarm.arm()
  }

  get head(): number {
    return this.madeAt.length - 1
  }

  /** A write. Acknowledged when it returns true. */
  write(): boolean {
    if (this.state === 'dead' || this.state === 'overloaded') return false
    // Awake before it commits: what it has told is what there was.
    const { alarm, purger, teller } = this.#awake()
    this.madeAt.push(this.#world.clock.now())
    alarm.arm()
    void purger.notify()
    void teller.notify()
    return true
  }

  /** The instance is gone, at whatever step it was. */
  crash(): void {
    if (this.#instance !== null) this.#instance.alive = false
    this.#instance = null
    // A crash takes every connection along.
    for (const socket of this.#sockets) socket.close(1006)
    this.#sockets.clear()
    // An alarm whose handler did not come to its end is rung again.
    if (this.#ringing) this.#setAlarmUnlessEarlier(this.#world.clock.now() + ALARM_RETRY_MS)
    this.#ringing = false
  }

  /** The instance sleeps, its sockets stay. One in the middle of something does not sleep. */
  hibernate(): void {
    const instance = this.#instance
    if (instance === null || instance.teller.busy || instance.publisher.busy || this.#ringing) return
    instance.alive = false
    this.#instance = null
  }

  /** A watcher comes, with what it has seen. False: nobody answers. */
  admit(socket: SocketModel, after: number | null): boolean {
    if (this.state === 'dead' || this.state === 'overloaded') return false
    const texts = this.#missed(after).flatMap((event) => writeEvent(event, null) ?? [])
    this.#awake().audience.admit(socket, null, texts, this.head)
    return true
  }

  #missed(after: number | null): WatchEvent[] {
    const known = after !== null && after <= this.head && this.head - after <= REPLAYED_MAX
    if (!known) return [{ type: 'snapshot', revision: this.head, values: [{ key: FLAG, value: String(this.head) }] }]
    return Array.from({ length: this.head - after }, (_, i) => eventOf(after + i + 1))
  }

  async ask<T>(distanceMs: number, question: (text: { head: number; snapshot(): string }) => T): Promise<T> {
    const { clock, dice } = this.#world
    this.requests++
    await clock.sleep(distanceMs)
    if (this.state === 'overloaded') throw Object.assign(new Error('overloaded'), { overloaded: true })
    // Nobody answers, and nobody says so: the caller's own deadline must end it.
    if (this.outOfReach) throw new Error('network connection lost')
    if (this.state === 'dead')
      await (dice() < 0.5 ? clock.sleep(60_000) : Promise.reject(new Error('network connection lost')))
    if (this.state === 'slow') await clock.sleep(dice.between(100, 2_000))
    const answer = question({ head: this.head, snapshot: () => this.#compose().text })
    await clock.sleep(distanceMs)
    return answer
  }

  #compose(): { revision: number; text: string } {
    const revision = this.head
    const stash = { name: null, description: null, profile: 'safeguarded', createdAt: 0, freeze: null } as const
    const flag = { key: FLAG, value: String(revision), type: 'text/plain; charset=utf-8', version: revision }
    return {
      revision,
      text: writeSnapshot({ stashId: STASH_ID, revision, publishedAt: this.#world.clock.now(), stash, reverts: [] }, [
        flag,
      ]),
    }
  }

  #awake(): Instance {
    this.#instance ??= this.#wake()
    return this.#instance
  }

  #wake(): Instance {
    const { clock, dice, kv, cache } = this.#world
    const self = { alive: true }
    /** What an instance awaits never comes back to it once it is lost. */
    const whileAlive = <T>(work: Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        work.then(
          (value) => self.alive && resolve(value),
          (fault: unknown) => self.alive && reject(fault),
        )
      })
    const survives = () => self.alive || dice() < 0.5
    const sleep = (ms: number) => whileAlive(clock.sleep(ms))
    const publisher = new Publisher(
      {
        head: () => this.head,
        cursor: () => this.#cursor,
        setCursor: (cursor) => {
          this.#cursor = cursor
        },
        confirm: () => null,
        compose: () => this.#compose(),
        put: (text) => {
          const { revision } = JSON.parse(text) as { revision: number }
          return whileAlive(kv.put(text, revision, survives)).catch((fault: Error) => {
            if (fault instanceof WorldBroken) this.broken ??= fault
            throw fault
          })
        },
        report: () => {},
      },
      clock.now,
    )
    const alarm = new Alarm({
      sleep,
      setAlarm: (at) => (at === null ? (this.#alarmAt = null) : this.#setAlarm(at)),
      publishAt: () => publisher.dueAt(),
      heldAt: () => null,
      pruneAt: () => null,
      examineAt: () => null,
      hubAt: () => null,
      tell: () => teller.notify(),
      takeDue: () => [],
      durable: async () => {},
      release: () => {},
      prune: () => {},
      publish: () => publisher.run(),
      tidy: async () => {},
      exists: () => true,
      report: (fault) => {
        this.broken ??= fault instanceof Error ? fault : new Error(String(fault))
      },
    })
    const purge = (): Promise<Purged> => whileAlive(cache.purge(cacheTag(STASH_ID)))
    const hall = {
      sockets: () => [...this.#sockets].filter(({ open }) => open),
      socketsFrom: () => [],
      accept: (socket: SocketModel) => void this.#sockets.add(socket),
      heardAt: () => 0,
      pause: () => sleep(0),
    }
    const audience = new Audience(hall, this.head)
    const teller = new Teller(
      {
        head: () => this.head,
        next: (after) => (after < this.head ? eventOf(after + 1) : null),
        durable: () => sleep(dice.between(0, 5)),
        breathe: () => sleep(dice.between(0, 5)),
        audience,
        tellHubs: async () => {},
        report: (fault) => {
          this.broken ??= fault instanceof Error ? fault : new Error(String(fault))
        },
      },
      this.head,
    )
    return Object.assign(self, { publisher, alarm, purger: new Purger(purge, clock.now, sleep), audience, teller })
  }

  /** Durable, and rung at least once: by whatever instance there is then, or later where there can be none. */
  #setAlarm(at: number): void {
    this.#alarmAt = at
    const ring = (): void => {
      if (this.#alarmAt !== at) return
      if (this.state === 'dead') return this.#world.clock.at(this.#world.clock.now() + ALARM_RETRY_MS, ring)
      this.#alarmAt = null
      this.#ringing = true
      const instance = this.#awake()
      const rung = () => {
        if (instance.alive) this.#ringing = false
      }
      void instance.alarm.ring().finally(rung)
    }
    this.#world.clock.at(at, ring)
  }

  #setAlarmUnlessEarlier(at: number): void {
    if (this.#alarmAt === null || this.#alarmAt > at) this.#setAlarm(at)
  }
}
