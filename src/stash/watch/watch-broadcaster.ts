/**
 * Broadcasts each commit to the watchers of this object, and starts the calls to its hubs. Like the publisher it follows the log
 * with a cursor, after the commit and after the writer's answer. The cursor need not be durable: a crash closes every socket,
 * and a watcher reconnects with the last revision that it has seen. The object's own watchers never wait for a hub.
 *
 * Changes that are committed during a broadcast are sent together in the next one. So a watcher is behind by one broadcast at most,
 * however many changes there are.
 */
import type { ConnectionManager } from '../../live/connection-manager.ts'
import type { WatchEvent } from '../../model/snapshot/watch-event.ts'

export type BroadcastSource = {
  /** The stash's revision; null once it is deleted. */
  head(): number | null
  /** The next events after this revision, as many as are sent at once. */
  next(after: number): WatchEvent[]
  /** Resolves once every commit is durable (`storage.sync`). */
  durable(): Promise<unknown>
  /** Yields to waiting requests. */
  yieldToRequests(): Promise<unknown>
  connections: Pick<ConnectionManager, 'size' | 'broadcast' | 'end'>
  /** Starts the calls to hubs. The broadcaster does not wait for them. Never rejects. */
  broadcastToHubs(): Promise<void>
  report(fault: unknown): void
}

export class WatchBroadcaster {
  readonly #source: BroadcastSource
  #broadcastUpTo: number
  #running = false
  #startingHubs = false

  constructor(source: BroadcastSource, broadcastUpTo: number) {
    this.#source = source
    this.#broadcastUpTo = broadcastUpTo
  }

  /**
   * To be called after each commit, and by the alarm. Resolves once the events are sent to this object's own watchers and the
   * calls to hubs have begun; at once, where an earlier call is still doing this. Never rejects.
   */
  async notify(): Promise<void> {
    await Promise.all([this.#startHubs(), this.#broadcast()])
  }

  /** Whether a call of `notify` is sending events. Others have returned at once. */
  get isBroadcasting(): boolean {
    return this.#running
  }

  /** Commits in quick succession share one call, which reads the head when it begins. */
  async #startHubs(): Promise<void> {
    if (this.#startingHubs) return
    this.#startingHubs = true
    try {
      await this.#afterCommit()
    } catch (fault) {
      return this.#source.report(fault)
    } finally {
      this.#startingHubs = false
    }
    void this.#source.broadcastToHubs()
  }

  async #broadcast(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      // Commits during the broadcast are sent as well, before this ends.
      while (this.#isBehind()) {
        await this.#afterCommit()
        await this.#broadcastToConnections()
      }
    } catch (fault) {
      this.#source.report(fault)
    } finally {
      this.#running = false
    }
  }

  async #afterCommit(): Promise<void> {
    await this.#source.durable()
    // The writer's answer is sent during this wait.
    await this.#source.yieldToRequests()
  }

  #isBehind(): boolean {
    return this.#broadcastUpTo < (this.#source.head() ?? Infinity)
  }

  async #broadcastToConnections(): Promise<void> {
    const { head, next, connections } = this.#source
    while (this.#isBehind()) {
      const target = head()
      if (target === null) {
        connections.end({ type: 'gone', revision: this.#broadcastUpTo + 1, values: [] })
        this.#broadcastUpTo = Infinity
        return
      }
      const events = connections.size === 0 ? [] : next(this.#broadcastUpTo)
      // Where no watcher is connected, or no entry is left, the cursor moves to the head: a watcher that connects later gets the
      // events that it has missed.
      this.#broadcastUpTo = events.at(-1)?.revision ?? target
      if (events.length > 0) await connections.broadcast(events)
    }
  }
}
