/**
 * Watches the stash from its own alarm: each time it rings, late work is logged, without a request. While
 * something is late the alarm rings at least once a minute, so that an alert rule sees the line until it is over.
 *
 * It must never throw: the alarm would be dropped after six tries.
 */
import { degradedIn, judgeHealth, type AlarmFacts, type Checks, type HealthFacts } from '../model/health.ts'
import { LOG_INTERVAL_MS } from '../model/log-limit.ts'
import { NAME_OF_CHECK } from '../model/log-names.ts'
import { report, reportLate } from './report.ts'

export type HealthMonitorOptions = {
  now(): number
  gather(alarm: AlarmFacts): HealthFacts
  /** When the alarm must ring next, in ms since the epoch; null where nothing waits. */
  wantedFor(): number | null
  /** Whether there still is a stash, or what is left of a deleted one. */
  exists(): boolean
  stashId: string
}

/** What the object brings up to date by itself after it was away. */
const CATCHING_UP: readonly (keyof Checks)[] = ['kv', 'hubs']

export class HealthMonitor {
  readonly #watched: HealthMonitorOptions
  #isRinging = false
  #rangAt: number | null = null
  #failedAt: number | null = null
  #examineAt: number | null = null
  readonly #wokeAt: number

  constructor(watched: HealthMonitorOptions) {
    this.#watched = watched
    this.#wokeAt = watched.now()
  }

  /** When the alarm must ring to log again; null while nothing is late. */
  get examineAt(): number | null {
    return this.#examineAt
  }

  /** @param alarmSetFor when the object's alarm is set for, where that was read */
  gather(alarmSetFor: number | null): HealthFacts {
    const { gather, wantedFor } = this.#watched
    const alarm = { isRinging: this.#isRinging, rangAt: this.#rangAt, failedAt: this.#failedAt }
    return gather({ ...alarm, setFor: alarmSetFor, wantedFor: wantedFor() })
  }

  noteFailure(): void {
    this.#failedAt = this.#watched.now()
  }

  /** @param isRetry the platform rings again, because the ring before threw or was ended by a limit */
  async runAlarm(ring: () => Promise<void>, isRetry: boolean): Promise<void> {
    const { stashId, exists, now } = this.#watched
    this.#isRinging = true
    try {
      if (exists()) this.#examine()
      if (isRetry) reportLate('alarm_failed', 'the ring before this one did not end', { stash: stashId })
      this.#rangAt = now()
      await ring()
    } finally {
      this.#isRinging = false
    }
  }

  #examine(): void {
    const { now, stashId } = this.#watched
    try {
      const checks = judgeHealth(this.gather(null), now(), () => true)
      const degraded = degradedIn(checks)
      for (const name of degraded) {
        // Nobody has begun it yet, because the alarm is late: this ring does.
        const check = checks[name]
        if ('retried' in check && check.retried === 0) continue
        // It was away, and has had no time to catch up: that is no reason to wake anybody.
        if (CATCHING_UP.includes(name) && now() - this.#wokeAt < LOG_INTERVAL_MS) continue
        reportLate(NAME_OF_CHECK[name], checks[name].action, { stash: stashId, ...numbersIn(checks[name], now()) })
      }
      this.#examineAt = degraded.length === 0 ? null : now() + LOG_INTERVAL_MS
    } catch (fault) {
      report('alarm', fault, { stash: stashId })
      this.#examineAt = null
    }
  }
}

/** What of a check goes into its line: numbers, times, and how long it has been so. Keys are values of users. */
function numbersIn(check: Checks[keyof Checks], now: number): Record<string, string | number> {
  const { since, ...rest } = check
  const numbers = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const late = since === null ? {} : { since: new Date(since).toISOString(), late_s: Math.floor((now - since) / 1_000) }
  return { ...late, ...Object.fromEntries(numbers) }
}
