/**
 * Where one object lives: its disk, the instance that is awake, its sockets and its alarm, and the way of a call to it.
 *
 * Nothing leaves an instance before all that it has written is durable: answers, messages, and calls to others wait.
 */
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import { makeContext } from './runtime/context.ts'
import { Disk, type Copy, type DiskEvents } from './runtime/disk.ts'
import { Gone, Life } from './runtime/life.ts'
import type { ServerEnd } from './runtime/sockets.ts'

export type ObjectState = 'up' | 'slow' | 'overloaded' | 'dead' | 'hanging'
/** What becomes of the alarm when its time comes. */
export type AlarmFate = 'kept' | 'late' | 'rejected' | 'dropped'

type Awake<T> = { life: Life; object: T; ready: Promise<unknown> }

/** Of the platform: an alarm whose handler fails is rung again after this, twice that and so on, six times. */
const ALARM_RETRY_MS = 2_000
const ALARM_RETRIES = 6

export type Host = {
  clock: Clock
  random: Random
  /** The code under test did what it must never do. */
  broke(fault: unknown): void
  /** Something happens that may keep a caller from an answer in time. */
  disturb(): void
}

export type Making<T> = {
  id: string
  make(ctx: DurableObjectState, life: Life, gate: () => Promise<void>): T
  entrypoint(request: Request, props: unknown): Promise<Response>
  events?: Partial<Omit<DiskEvents, 'alarm'>>
  /** Before an instance begins. */
  wakes?(): void
  /** A planted fault: what is sent does not wait for what was written. */
  isUngated?: boolean
}

type Ringing = { alarm?(): Promise<void>; webSocketClose?(socket: unknown): void | Promise<void> }

export class ObjectHost<T extends object> {
  state: ObjectState = 'up'
  /** Of the alarms from now on. */
  alarms: AlarmFate = 'kept'
  /** Whether an alarm was lost that nothing has set again. */
  isAlarmLost = false
  requests = 0
  readonly id: string
  readonly disk: Disk
  readonly sockets = new Set<ServerEnd>()
  readonly #host: Host
  readonly #making: Making<T>
  #awake: Awake<T> | null = null
  /** The alarm that is ringing, and how often it has failed by now. */
  #ringing: symbol | null = null
  #failures = 0
  /** Those who wait for an answer, and what has yet to leave the object. */
  readonly #callers = new Set<(fault: unknown) => void>()
  #leaving: (() => void)[] = []

  constructor(host: Host, making: Making<T>) {
    this.#host = host
    this.#making = making
    this.id = making.id
    const { committed = nothing, durable = nothing, lost = nothing } = making.events ?? {}
    const alarm = (at: number) => this.#schedule(at)
    this.disk = new Disk(host.clock, host.random, { committed, durable, lost, alarm })
  }

  /** A call from so far away. Rejects where the platform would; a caller that is not answered waits for ever. */
  async call<R>(distanceMs: number, work: (object: T) => R | Promise<R>): Promise<R> {
    const { clock, random } = this.#host
    this.requests++
    await clock.sleep(distanceMs)
    if (this.state === 'hanging') return new Promise<never>(() => {})
    if (this.state === 'dead') {
      if (random() < 0.5) await clock.sleep(60_000)
      throw new Error('network connection lost')
    }
    if (this.state === 'overloaded') {
      await clock.sleep(distanceMs)
      throw Object.assign(new Error('overloaded'), { overloaded: true })
    }
    if (this.state === 'slow') await clock.sleep(random.between(100, 2_000))
    const { life, object, ready } = this.wake()
    await ready
    const answer = await this.#answer(life, object, work)
    await clock.sleep(distanceMs)
    return answer
  }

  async #answer<R>(life: Life, object: T, work: (object: T) => R | Promise<R>): Promise<R> {
    let caller: (fault: unknown) => void = nothing
    // A caller learns that the instance has died, if nothing else.
    const died = new Promise<never>((_, reject) => this.#callers.add((caller = reject)))
    try {
      const answered = life.while(Promise.resolve(work(object)).then(async (answer) => (await this.#gate(), answer)))
      return await Promise.race([answered, died])
    } catch (fault) {
      if (fault instanceof Gone) throw new Error('network connection lost', { cause: fault })
      throw fault
    } finally {
      this.#callers.delete(caller)
    }
  }

  wake(): Awake<T> {
    return (this.#awake ??= this.#begin())
  }

  /** The instance is lost, at whatever step it was. */
  crash(): void {
    this.#end('dead', this.#host.random() < 0.5)
  }

  /** Another instance takes over. What the old one has sent arrives, and what it tries to write does not count. */
  overlap(): void {
    this.#end('fenced', this.#host.random() < 0.5)
  }

  /** The instance sleeps, its sockets stay. One in the middle of something does not sleep. */
  hibernate(): void {
    const awake = this.#awake
    if (awake === null || awake.life.isBusy || this.#ringing !== null || this.disk.isDirty) return
    awake.life.state = 'dead'
    this.#awake = null
  }

  copy = (): Copy => this.disk.copy()

  /** The database becomes an older one of itself. */
  goBack(copy: Copy): void {
    this.#end('dead', false)
    this.disk.restore(copy)
  }

  end(): void {
    if (this.#awake !== null) this.#awake.life.state = 'dead'
    this.disk.close()
  }

  #begin(): Awake<T> {
    this.#making.wakes?.()
    const life = new Life()
    let ready: Promise<unknown> = Promise.resolve()
    const gate = () => this.#gate()
    const context = makeContext({
      id: this.id,
      disk: this.disk,
      life,
      sockets: this.sockets,
      outlet: (deliver) => this.#send(deliver),
      entrypoint: async (request, props) => {
        await this.#gate()
        return this.#making.entrypoint(request, props)
      },
      failed: (fault) => {
        if (!(fault instanceof Gone)) this.#host.broke(fault)
      },
      block: (work) => {
        ready = work
      },
    })
    const object = this.#making.make(context, life, gate)
    return { life, object, ready }
  }

  #gate(): Promise<void> {
    return this.#making.isUngated === true ? Promise.resolve() : this.disk.sync()
  }

  /** In order. */
  #send(deliver: () => void): void {
    if (this.#leaving.length === 0 && (!this.disk.isDirty || this.#making.isUngated === true)) return deliver()
    this.#leaving.push(deliver)
    if (this.#leaving.length > 1) return
    const queue = this.#leaving
    const leave = () => queue.splice(0).forEach((one) => one())
    this.disk.sync().then(leave, nothing)
  }

  #end(state: 'dead' | 'fenced', isLost: boolean): void {
    this.#host.disturb()
    if (this.#awake !== null) this.#awake.life.state = state
    this.#awake = null
    this.#leaving = []
    for (const reject of this.#callers) reject(new Error('network connection lost'))
    this.#callers.clear()
    for (const socket of this.sockets) socket.cut()
    this.sockets.clear()
    this.disk.crash(isLost)
    // An alarm whose handler did not come to its end is rung again.
    if (this.#ringing !== null) this.#retry()
  }

  /** Durable, and rung at least once: by whatever instance there is then, or later where there can be none. */
  #schedule(at: number): void {
    const { clock, random } = this.#host
    this.isAlarmLost = false
    let isDelayed = false
    const ring = (): void => {
      if (this.disk.alarmAt !== at) return
      // It is rung when it is durable.
      if (this.disk.isDirty) return void this.disk.sync().then(ring, ring)
      if (this.state === 'dead') return clock.at(clock.now() + ALARM_RETRY_MS, ring)
      if (this.alarms === 'late' && !isDelayed) {
        isDelayed = true
        return clock.at(clock.now() + random.between(1_000, 30_000), ring)
      }
      // One at a time: it is rung when the one before is over.
      if (this.#ringing === null) this.#ring()
    }
    clock.at(at, ring)
  }

  #ring(): void {
    this.disk.takeAlarm()
    if (this.alarms === 'dropped') return this.#dropAlarm()
    if (this.alarms === 'rejected' && this.#host.random() < 0.7) return this.#retry()
    const { life, object, ready } = this.wake()
    const ringing = Symbol('ring')
    this.#ringing = ringing
    const over = (hasFailed: boolean) => {
      if (this.#ringing !== ringing) return
      if (hasFailed) return this.#retry()
      this.#ringing = null
      this.#failures = 0
      const { alarmAt } = this.disk
      if (alarmAt !== null && alarmAt <= this.#host.clock.now()) this.#schedule(alarmAt)
    }
    const { alarm } = object as Ringing
    // It has rung when what it did is durable.
    life.while(ready.then(() => alarm?.call(object)).then(() => this.#gate())).then(
      () => over(false),
      () => over(true),
    )
  }

  /** An instance that could not be rung so often does not live. */
  #dropAlarm(): void {
    this.crash()
    if (this.disk.alarmAt === null) this.isAlarmLost = true
  }

  #retry(): void {
    this.#ringing = null
    if (++this.#failures > ALARM_RETRIES) {
      this.#failures = 0
      return this.#dropAlarm()
    }
    this.disk.retryAlarm(this.#host.clock.now() + ALARM_RETRY_MS * 2 ** (this.#failures - 1))
  }
}

const nothing = (): void => {}
