/**
 * Checks the health of the stash in each run of its alarm, and logs late work. While work is late the alarm runs at least
 * once a minute, so that an alert rule sees the line until the work is done. The checks must not make a run throw: the
 * platform drops an alarm after six tries.
 */
import { degradedIn, checkHealth, type AlarmFacts, type Checks, type HealthFacts } from '../model/health.ts'
import { LOG_INTERVAL_MS } from '../model/log-limit.ts'
import { NAME_OF_CHECK } from '../model/log-names.ts'
import { report, reportLate } from './report.ts'

export type HealthMonitorOptions = {
  now(): number
  gather(alarm: AlarmFacts): HealthFacts
  /** When the alarm must run next, in ms since the epoch; null where no task waits. */
  wantedFor(): number | null
  /** Whether the tables exist: false before the creation, and once the storage is deleted. */
  exists(): boolean
  stashId: string
}

/** Checks that may be degraded only because the object was evicted from memory: it catches up by itself. */
const CATCHING_UP: readonly (keyof Checks)[] = ['kv', 'hubs']

export class HealthMonitor {
  readonly #options: HealthMonitorOptions
  #isRunning = false
  #lastRunAt: number | null = null
  #failedAt: number | null = null
  #examineAt: number | null = null
  readonly #wokeAt: number

  constructor(watched: HealthMonitorOptions) {
    this.#options = watched
    this.#wokeAt = watched.now()
  }

  /** When the alarm must run to log late work again; null while none is late. */
  get examineAt(): number | null {
    return this.#examineAt
  }

  /** @param alarmSetFor the time that the platform's alarm is set to; null where it is not set, or was not read */
  gather(alarmSetFor: number | null): HealthFacts {
    const { gather, wantedFor } = this.#options
    const alarm = { isRunning: this.#isRunning, lastRunAt: this.#lastRunAt, failedAt: this.#failedAt }
    return gather({ ...alarm, setFor: alarmSetFor, wantedFor: wantedFor() })
  }

  noteFailure(): void {
    this.#failedAt = this.#options.now()
  }

  /** @param isRetry the platform repeats the alarm, because the run before threw or exceeded a limit */
  async runAlarm(run: () => Promise<void>, isRetry: boolean): Promise<void> {
    const { stashId, exists, now } = this.#options
    this.#isRunning = true
    try {
      if (exists()) this.#examine()
      if (isRetry) reportLate('alarm_failed', 'the run before this one did not end', { stash: stashId })
      this.#lastRunAt = now()
      await run()
    } finally {
      this.#isRunning = false
    }
  }

  #examine(): void {
    const { now, stashId } = this.#options
    try {
      const checks = checkHealth(this.gather(null), now(), () => true)
      const degraded = degradedIn(checks)
      for (const name of degraded) {
        // No release of the late changes was tried yet, because the alarm is late: this run tries them.
        const check = checks[name]
        if ('retried' in check && check.retried === 0) continue
        // The object has just woken and is catching up: that must not raise an alert.
        if (CATCHING_UP.includes(name) && now() - this.#wokeAt < LOG_INTERVAL_MS) continue
        reportLate(NAME_OF_CHECK[name], checks[name].action, { stash: stashId, ...toLogFields(checks[name], now()) })
      }
      this.#examineAt = degraded.length === 0 ? null : now() + LOG_INTERVAL_MS
    } catch (fault) {
      report('alarm', fault, { stash: stashId })
      this.#examineAt = null
    }
  }
}

/** The members of a check that are logged: numbers, times and the delay. Keys are left out, because they are data of users. */
function toLogFields(check: Checks[keyof Checks], now: number): Record<string, string | number> {
  const { since, ...rest } = check
  const numbers = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const late = since === null ? {} : { since: new Date(since).toISOString(), late_s: Math.floor((now - since) / 1_000) }
  return { ...late, ...Object.fromEntries(numbers) }
}
