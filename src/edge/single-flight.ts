/**
 * Single flight: however many ask the same at once, one question is under way, and all get its answer.
 *
 * A question that was under way when a caller came may have been asked before what the caller knows of; so callers take a
 * turn as they come, and are told whether the question is younger.
 */

/** A question whose own request died may never be answered. Once it is this old, the next caller asks for itself. */
export const FLIGHT_DEADLINE_MS = 6_000

type Host = {
  now(): number
  sleep(ms: number): Promise<unknown>
  /** Lets the work go on when the request that began it is gone: others wait for it. */
  keepAlive(work: Promise<unknown>): void
}

let turns = 0
/** The order of callers and questions in this isolate. A clock has not enough ticks to tell them apart. */
export const takeTurn = (): number => ++turns

export class SingleFlight<T> {
  readonly #flights = new Map<string, { turn: number; since: number; work: Promise<T> }>()

  isUnderWay(name: string): boolean {
    return this.#flights.has(name)
  }

  /** @returns the answer, and whether it was asked for after `turn` */
  async join(host: Host, name: string, turn: number, ask: () => Promise<T>): Promise<{ answer: T; isSince: boolean }> {
    const flying = this.#flights.get(name)
    const age = flying === undefined ? Infinity : host.now() - flying.since
    if (flying !== undefined && age >= 0 && age < FLIGHT_DEADLINE_MS) {
      const { work } = flying
      const lost = host.sleep(FLIGHT_DEADLINE_MS).then(() => null)
      const landed = await Promise.race([work.then((answer) => ({ answer })), lost])
      if (landed !== null) return { answer: landed.answer, isSince: flying.turn > turn }
      if (this.#flights.get(name) === flying) this.#flights.delete(name)
      return this.join(host, name, turn, ask)
    }
    const work = ask().finally(() => {
      if (this.#flights.get(name)?.work === work) this.#flights.delete(name)
    })
    this.#flights.set(name, { turn: takeTurn(), since: host.now(), work })
    host.keepAlive(work)
    return { answer: await work, isSince: true }
  }
}
