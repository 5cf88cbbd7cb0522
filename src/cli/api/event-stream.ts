/**
 * Follows the events of a stash, and reconnects after the last revision that it has seen. A script can rely on that: each
 * revision is told once and in order, also over breaks of the connection.
 */
import { BackOff } from '../../client/requests/backoff.ts'
import type { Connection } from '../../client/requests/call.ts'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { parseObject, parseWatchEvent, type FlagUpdate } from '../../client/sync/flag-update.ts'
import { TIMING } from '../../client/sync/follow.ts'
import { readWatchStream } from '../../client/requests/watch-stream.ts'
import type { Settings } from '../config/settings.ts'
import type { watchEvent } from '../../wire/watch.ts'
import type * as z from 'zod'

export type WatchStatus = Pick<z.infer<typeof watchEvent>, 'revision' | 'held' | 'freezes'> & { type: 'status' }

type FollowOptions = {
  after: number | undefined
  keys: string[]
  onUpdate: (update: FlagUpdate) => void
  /** With it, the status is asked for as well. It comes on joining and when it differs, and is of no revision of its own. */
  onStatus?: ((status: WatchStatus) => void) | undefined
  /** Called once for each break of the connection. */
  onBreak: (after: number | undefined) => void
}

/** Resolves when the stash is gone. Throws if the first connection fails, and if the service refuses. */
export async function followEvents(
  settings: Settings,
  { after, keys, onUpdate, onStatus, onBreak }: FollowOptions,
): Promise<void> {
  // Reads are public, and caches do not answer requests that carry a token.
  const connection: Connection = { url: settings.url, stash: settings.stash }
  const backOff = new BackOff(TIMING.backOffMs, TIMING.ceilingMs)
  const { signal } = new AbortController()
  const query = { keys: keys.length > 0 ? keys.join(',') : undefined, status: onStatus === undefined ? undefined : 1 }
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
            const status = onStatus === undefined ? null : parseStatus(data)
            if (status !== null) return onStatus?.(status)
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

/** null: it is another event. */
function parseStatus(data: string): WatchStatus | null {
  const { type, revision, held, freezes } = parseObject(data)
  if (type !== 'status') return null
  if (typeof revision !== 'number' || typeof held !== 'number' || !Array.isArray(freezes))
    throw new NoAnswerError('The status in the stream cannot be read.')
  // Their members are the contract's.
  return { type, revision, held, freezes: freezes as NonNullable<WatchStatus['freezes']> }
}
