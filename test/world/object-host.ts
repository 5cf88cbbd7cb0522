/**
 * Hosts one object: its disk, its present instance, its sockets, its alarm, and the calls to it.
 *
 * The output gate holds back answers, messages and calls to other objects until everything that the instance wrote is durable.
 */
import type { Clock } from './clock.ts'
import { ASSUMED } from './constants.ts'
import type { Random } from './random.ts'
import { makeContext } from './runtime/context.ts'
import { Disk, type Copy, type DiskEvents } from './runtime/disk.ts'
import { InstanceGone, Life } from './runtime/life.ts'
import type { ServerEnd } from './runtime/sockets.ts'

export type ObjectState = 'up' | 'slow' | 'overloaded' | 'dead' | 'hanging'
/** How the platform runs an alarm that is due. */
export type AlarmFate = 'kept' | 'late' | 'rejected' | 'dropped'

type Instance<T> = { life: Life; object: T; ready: Promise<unknown> }

export type Host = {
  clock: Clock
  random: Random
  /** Reports a violated invariant. */
  report(fault: unknown): void
  /** Records that something has happened that may delay answers. */
  disturb(): void
}

export type ObjectSpec<T> = {
  id: string
  make(ctx: DurableObjectState, life: Life, gate: () => Promise<void>): T
  entrypoint(request: Request, props: unknown): Promise<Response>
  events?: Partial<Omit<DiskEvents, 'alarm'>>
  /** Called before an instance is created. */
  beforeStart?(): void
  /** A planted fault: without the output gate. */
  isUngated?: boolean
}

/** What an object takes for its calls: it handles one at a time, and refuses those that would wait for longer. */
export type Capacity = { callMs: number; mebibyteMs: number; waitMaxMs: number }

type AlarmHandler = { alarm?(): Promise<void>; webSocketClose?(socket: unknown): void | Promise<void> }

export class ObjectHost<T extends object> {
  state: ObjectState = 'up'
  /** How alarms run from now on. */
  alarms: AlarmFate = 'kept'
  /** Whether an alarm was dropped and has not been set again since. */
  isAlarmLost = false
  requests = 0
  /** The calls that were refused because too many waited. */
  refused = 0
  /** How long each call from within the object's own place has waited for its turn, in ms: in a simulation of load, the writes. */
  readonly nearWaits: number[] = []
  /** The size of the answers, in characters. */
  sentChars = 0
  /** null: every call is handled at once, and takes no time. */
  capacity: Capacity | null = null
  #busyUntil = 0
  readonly id: string
  readonly disk: Disk
  readonly sockets = new Set<ServerEnd>()
  readonly #host: Host
  readonly #spec: ObjectSpec<T>
  #instance: Instance<T> | null = null
  /** The alarm whose handler runs, and how often it has failed. */
  #runningAlarm: symbol | null = null
  #failures = 0
  /** Rejects the callers that wait for an answer; then the messages that the output gate holds back. */
  readonly #callers = new Set<(fault: unknown) => void>()
  #leaving: (() => void)[] = []

  constructor(host: Host, spec: ObjectSpec<T>) {
    this.#host = host
    this.#spec = spec
    this.id = spec.id
    const { committed = nothing, durable = nothing, lost = nothing } = spec.events ?? {}
    const alarm = (at: number) => this.#schedule(at)
    this.disk = new Disk(host.clock, host.random, { committed, durable, lost, alarm })
  }

  /** Calls the object from a distance. Rejects as the platform does; a call to a hanging object never settles. */
  async call<R>(distanceMs: number, work: (object: T) => R | Promise<R>): Promise<R> {
    const { clock, random } = this.#host
    this.requests++
    await clock.sleep(distanceMs)
    if (this.state === 'hanging') return new Promise<never>(() => {})
    if (this.state === 'dead') {
      if (random() < 0.5) await clock.sleep(ASSUMED.deadCallMs)
      throw new Error('network connection lost')
    }
    if (this.state === 'overloaded') {
      await clock.sleep(distanceMs)
      throw Object.assign(new Error('overloaded'), { overloaded: true })
    }
    if (this.state === 'slow') await clock.sleep(random.between(...ASSUMED.slowCallMs))
    await this.#takeTurn(distanceMs)
    const { life, object, ready } = this.wake()
    await ready
    const answer = await this.#answer(life, object, work)
    this.#noteSize(answer)
    await clock.sleep(distanceMs)
    return answer
  }

  /** Waits for the calls before. Rejects as the platform does where too many wait. */
  async #takeTurn(distanceMs: number): Promise<void> {
    if (this.capacity === null) return
    const { clock } = this.#host
    const { callMs, waitMaxMs } = this.capacity
    const waitMs = Math.max(0, this.#busyUntil - clock.now())
    if (waitMs > waitMaxMs) {
      this.refused++
      await clock.sleep(distanceMs)
      throw Object.assign(new Error('overloaded'), { overloaded: true })
    }
    this.#busyUntil = clock.now() + waitMs + callMs
    if (distanceMs === 0) this.nearWaits.push(waitMs)
    await clock.sleep(waitMs + callMs)
  }

  #noteSize(answer: unknown): void {
    if (this.capacity === null) return
    const chars = typeof answer === 'string' ? answer.length : (JSON.stringify(answer)?.length ?? 0)
    this.sentChars += chars
    this.#busyUntil = Math.max(this.#busyUntil, this.#host.clock.now()) + (chars / 2 ** 20) * this.capacity.mebibyteMs
  }

  async #answer<R>(life: Life, object: T, work: (object: T) => R | Promise<R>): Promise<R> {
    let caller: (fault: unknown) => void = nothing
    // The caller's promise must reject when the instance dies, because that of the instance never settles then.
    const died = new Promise<never>((_, reject) => this.#callers.add((caller = reject)))
    try {
      const answered = life.whileAlive(
        Promise.resolve(work(object)).then(async (answer) => (await this.#gate(), answer)),
      )
      return await Promise.race([answered, died])
    } catch (fault) {
      if (fault instanceof InstanceGone) throw new Error('network connection lost', { cause: fault })
      throw fault
    } finally {
      this.#callers.delete(caller)
    }
  }

  wake(): Instance<T> {
    return (this.#instance ??= this.#begin())
  }

  /** Ends the instance, at whatever step it is. */
  crash(): void {
    this.#end('dead', this.#host.random() < 0.5)
  }

  /** Starts another instance. Requests that the old one has sent arrive; its writes are refused. */
  overlap(): void {
    this.#end('fenced', this.#host.random() < 0.5)
  }

  /** Hibernates the instance and keeps its sockets. An instance with pending work does not hibernate. */
  hibernate(): void {
    const instance = this.#instance
    if (instance === null || instance.life.isBusy || this.#runningAlarm !== null || this.disk.isDirty) return
    instance.life.state = 'dead'
    this.#instance = null
  }

  copy = (): Copy => this.disk.copy()

  /** Restores an older copy of the database. */
  goBack(copy: Copy): void {
    this.#end('dead', false)
    this.disk.restore(copy)
  }

  end(): void {
    if (this.#instance !== null) this.#instance.life.state = 'dead'
    this.disk.close()
  }

  #begin(): Instance<T> {
    this.#spec.beforeStart?.()
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
        return this.#spec.entrypoint(request, props)
      },
      failed: (fault) => {
        if (!(fault instanceof InstanceGone)) this.#host.report(fault)
      },
      block: (work) => {
        ready = work
      },
    })
    const object = this.#spec.make(context, life, gate)
    return { life, object, ready }
  }

  #gate(): Promise<void> {
    return this.#spec.isUngated === true ? Promise.resolve() : this.disk.sync()
  }

  /** Sends in order, when everything written before is durable. */
  #send(deliver: () => void): void {
    if (this.#leaving.length === 0 && (!this.disk.isDirty || this.#spec.isUngated === true)) return deliver()
    this.#leaving.push(deliver)
    if (this.#leaving.length > 1) return
    const queue = this.#leaving
    const leave = () => queue.splice(0).forEach((one) => one())
    this.disk.sync().then(leave, nothing)
  }

  #end(state: 'dead' | 'fenced', isLost: boolean): void {
    this.#host.disturb()
    if (this.#instance !== null) this.#instance.life.state = state
    this.#instance = null
    this.#leaving = []
    for (const reject of this.#callers) reject(new Error('network connection lost'))
    this.#callers.clear()
    for (const socket of this.sockets) socket.cut()
    this.sockets.clear()
    this.disk.crash(isLost)
    // The platform runs an alarm again if its handler did not complete.
    if (this.#runningAlarm !== null) this.#retry()
  }

  /** Runs the alarm at least once, in the instance that exists at that time. While the object is dead, it tries again later. */
  #schedule(at: number): void {
    const { clock, random } = this.#host
    this.isAlarmLost = false
    let isDelayed = false
    const runWhenDue = (): void => {
      if (this.disk.alarmAt !== at) return
      // An alarm runs only once it is durable.
      if (this.disk.isDirty) return void this.disk.sync().then(runWhenDue, runWhenDue)
      if (this.state === 'dead') return clock.at(clock.now() + ASSUMED.alarmRetryMs, runWhenDue)
      if (this.alarms === 'late' && !isDelayed) {
        isDelayed = true
        return clock.at(clock.now() + random.between(...ASSUMED.lateAlarmMs), runWhenDue)
      }
      // One handler at a time. The end of the running handler schedules this alarm.
      if (this.#runningAlarm === null) this.#runAlarm()
    }
    clock.at(at, runWhenDue)
  }

  #runAlarm(): void {
    this.disk.takeAlarm()
    if (this.alarms === 'dropped') return this.#dropAlarm()
    if (this.alarms === 'rejected' && this.#host.random() < ASSUMED.rejectedAlarmShare) return this.#retry()
    const { life, object, ready } = this.wake()
    const run = Symbol('alarm')
    this.#runningAlarm = run
    const over = (hasFailed: boolean) => {
      if (this.#runningAlarm !== run) return
      if (hasFailed) return this.#retry()
      this.#runningAlarm = null
      this.#failures = 0
      const { alarmAt } = this.disk
      if (alarmAt !== null && alarmAt <= this.#host.clock.now()) this.#schedule(alarmAt)
    }
    const { alarm } = object as AlarmHandler
    // The handler is complete only when its writes are durable.
    life.whileAlive(ready.then(() => alarm?.call(object)).then(() => this.#gate())).then(
      () => over(false),
      () => over(true),
    )
  }

  /** Drops the alarm. The instance crashes, because a platform that gives up on an alarm has no healthy instance. */
  #dropAlarm(): void {
    this.crash()
    if (this.disk.alarmAt === null) this.isAlarmLost = true
  }

  #retry(): void {
    this.#runningAlarm = null
    if (++this.#failures > ASSUMED.alarmRetries) {
      this.#failures = 0
      return this.#dropAlarm()
    }
    this.disk.retryAlarm(this.#host.clock.now() + ASSUMED.alarmRetryMs * 2 ** (this.#failures - 1))
  }
}

const nothing = (): void => {}
