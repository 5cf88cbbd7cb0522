/**
 * A watcher and its connection: messages arrive in order, some time later; a connection that breaks loses what was on
 * its way. The client comes back after a while, and says what it has seen.
 */
import type { Clock } from './clock.ts'
import type { Dice } from './dice.ts'
import type { ObjectModel } from './object-model.ts'

export class SocketModel {
  open = true
  #attachment: unknown = null
  readonly #deliver: (text: string) => void
  readonly #closed: () => void

  constructor(deliver: (text: string) => void, closed: () => void) {
    this.#deliver = deliver
    this.#closed = closed
  }

  send(text: string | ArrayBuffer | ArrayBufferView): void {
    if (!this.open) throw new Error('the socket is closed')
    this.#deliver(String(text))
  }

  close(_code?: number): void {
    if (!this.open) return
    this.open = false
    this.#closed()
  }

  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment)
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment)
  }
}

type Told = { type: string; revision: number; flags?: Record<string, string>; changes?: Record<string, string> }

export class WatcherModel {
  readonly told: Told[] = []
  readonly #world: { clock: Clock; dice: Dice; object: ObjectModel }
  readonly #distanceMs: number
  #socket: SocketModel | null = null

  constructor(world: { clock: Clock; dice: Dice; object: ObjectModel }) {
    this.#world = world
    this.#distanceMs = world.dice.between(1, 120)
    this.#connect()
  }

  get last(): number | null {
    return this.told.at(-1)?.revision ?? null
  }

  /** The connection breaks, for a reason of its own. */
  drop(): void {
    this.#socket?.close()
  }

  #connect(): void {
    const { clock, dice, object } = this.#world
    let arrivesAt = 0
    let connected = true
    const socket = new SocketModel(
      (text) => {
        arrivesAt = Math.max(arrivesAt, clock.now() + this.#distanceMs)
        clock.at(arrivesAt, () => connected && this.told.push(JSON.parse(text) as Told))
      },
      () => {
        // What was on its way may still come, or may not.
        connected = dice() < 0.5
        const back = clock.now() + this.#distanceMs + dice.between(500, 2_500)
        clock.at(back, () => {
          connected = false
          this.#connect()
        })
      },
    )
    this.#socket = socket
    if (!object.admit(socket, this.last)) socket.close()
  }
}
