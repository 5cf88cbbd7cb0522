/**
 * Follows the events of a stash, and reconnects after the last revision that it has seen. A script can rely on that: each
 * revision is told once and in order, also over breaks of the connection.
 */
import { BackOff } from '../../client/requests/backoff.ts'
import type { Connection } from '../../client/requests/call.ts'
import { RefusedError } from '../../client/requests/errors.ts'
import { parseWatchEvent, type FlagUpdate } from '../../client/sync/flag-update.ts'
import { TIMING } from '../../client/sync/follow.ts'
import { readWatchStream } from '../../client/requests/watch-stream.ts'
import type { Settings } from '../config/settings.ts'

type FollowOptions = {
  after: number | undefined
  keys: string[]
  onUpdate: (update: FlagUpdate) => void
  /** Called once for each break of the connection. */
  onBreak: (after: number | undefined) => void
}

/** Resolves when the stash is gone. Throws if the first connection fails, and if the service refuses. */
export async function followEvents(
  settings: Settings,
  { after, keys, onUpdate, onBreak }: FollowOptions,
): Promise<void> {
  // Reads are public, and caches do not answer requests that carry a token.
  const connection: Connection = { url: settings.url, stash: settings.stash }
  const backOff = new BackOff(TIMING.backOffMs, TIMING.ceilingMs)
  const { signal } = new AbortController()
  const query = keys.length > 0 ? { keys: keys.join(',') } : {}
  let seen = after
  let everConnected = false
  for (let gone = false; ;) {
    let isConnected = false
    try {
      await readWatchStream(
        connection,
        { ...TIMING, after: seen, query, signal },
        {
          opened: () => {
            isConnected = everConnected = true
            backOff.reset()
          },
          heartbeat: () => {},
          event: (data) => {
            const update = parseWatchEvent(data)
            seen = update.revision
            gone = update.type === 'gone'
            onUpdate(update)
          },
        },
      )
    } catch (fault) {
      const isFinal = fault instanceof RefusedError && fault.status < 500
      if (isFinal || !everConnected) throw fault
    }
    if (gone) return
    if (isConnected) onBreak(seen)
    await new Promise((resolve) => setTimeout(resolve, backOff.next()))
  }
}
