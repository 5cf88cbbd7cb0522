/**
 * Replaces the globals that the object and the read path use while a world runs: the clock, timers, sockets, and the log.
 *
 * A process can run one world at a time. The `end()` of a world restores the globals.
 */
import type { Clock } from '../clock.ts'
import { openSocketPair } from './sockets.ts'

type Settings = {
  clock: Clock
  /** By how much the clock of the running isolate is wrong. */
  skew: { ms: number }
  log(line: string): void
}

/** Node's own Response refuses status 101, has no `webSocket`, and reads its body with timers, which are simulated here. */
class WorldResponse {
  readonly status: number
  readonly headers: Headers
  readonly webSocket: unknown
  readonly #body: BodyInit | null

  constructor(body?: BodyInit | null, init: ResponseInit & { webSocket?: unknown } = {}) {
    this.#body = body ?? null
    this.status = init.status ?? 200
    this.headers = new Headers(init.headers)
    this.webSocket = init.webSocket ?? null
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  async text(): Promise<string> {
    return String(this.#body ?? '')
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
}

/** Replaces the globals. Returns a function that restores them. */
export function installGlobals({ clock, skew, log }: Settings): () => void {
  const cancelled = new Set<number>()
  let timers = 0
  const restore = replace(globalThis, {
    scheduler: { wait: waitOn(clock) },
    setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = ++timers
      clock.at(clock.now() + ms, () => cancelled.delete(timer) || run(...args))
      return timer
    },
    clearTimeout: (timer: number | undefined) => timer !== undefined && cancelled.add(timer),
    Response: WorldResponse,
    WebSocketPair: function WebSocketPair() {
      const { client, server } = openSocketPair()
      return { 0: client, 1: server }
    },
    WebSocketRequestResponsePair: function WebSocketRequestResponsePair() {},
  })
  const restoreDate = replace(Date, { now: () => clock.now() + skew.ms })
  const restoreConsole = replace(console, { error: log, warn: log, log: noteOrPrint(log) })
  return () => {
    restoreConsole()
    restoreDate()
    restore()
  }
}

/** Creates `scheduler.wait`, which can be aborted. */
const waitOn =
  (clock: Clock) =>
  (ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> =>
    signal === undefined
      ? clock.sleep(ms)
      : new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          void clock.sleep(ms).then(resolve)
        })

/** Captures the service's log lines, which are JSON, and prints everything else. */
const noteOrPrint = (log: Settings['log']) => {
  const print = console.log
  return (line: unknown, ...rest: unknown[]) =>
    typeof line === 'string' && line.startsWith('{') ? log(line) : print(line, ...rest)
}

function replace<T extends object>(target: T, parts: Record<string, unknown>): () => void {
  const before = new Map(Object.keys(parts).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)]))
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true })
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, descriptor)
    }
  }
}
