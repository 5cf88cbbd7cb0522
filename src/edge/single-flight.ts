/**
 * Single flight: concurrent callers with the same name share one request and its answer.
 *
 * A request in flight may have been sent before a change that the caller knows of. So each caller takes a sequence number
 * when it arrives, and learns whether the request was sent after that number.
 */

/** A flight whose own request was cancelled may never end. After this time its callers start another one. */
export const FLIGHT_DEADLINE_MS = 6_000

type Host = {
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Keeps the work running when the request that started it has ended: other requests wait for it. */
  keepAlive(work: Promise<unknown>): void
}

let lastSequence = 0
/** Orders callers and flights of this isolate. The clock is too coarse for that. */
export const nextSequence = (): number => ++lastSequence

export class SingleFlight<T> {
  readonly #flights = new Map<string, { sequence: number; startedAt: number; work: Promise<T> }>()

  isInFlight(name: string): boolean {
    return this.#flights.has(name)
  }

  /** @returns the answer, and whether its request was sent after `sequence` */
  async join(
    host: Host,
    name: string,
    sequence: number,
    ask: () => Promise<T>,
  ): Promise<{ answer: T; isSentAfter: boolean }> {
    const flight = this.#flights.get(name)
    const age = flight === undefined ? Infinity : host.now() - flight.startedAt
    if (flight !== undefined && age >= 0 && age < FLIGHT_DEADLINE_MS) {
      const { work } = flight
      const timeout = host.sleep(FLIGHT_DEADLINE_MS).then(() => null)
      const result = await Promise.race([work.then((answer) => ({ answer })), timeout])
      if (result !== null) return { answer: result.answer, isSentAfter: flight.sequence > sequence }
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
      return this.join(host, name, sequence, ask)
    }
    const work = ask().finally(() => {
      if (this.#flights.get(name)?.work === work) this.#flights.delete(name)
    })
    this.#flights.set(name, { sequence: nextSequence(), startedAt: host.now(), work })
    host.keepAlive(work)
    return { answer: await work, isSentAfter: true }
  }
}
