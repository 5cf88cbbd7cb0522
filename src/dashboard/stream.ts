/**
 * Follows the changes of a stash over one stream at a time, and reconnects for as long as it is watched. Not by EventSource:
 * that hides the keep-alives, so a connection that died in silence would look alive for minutes.
 */
import { BackOff } from '../client/backoff.ts'
import { RefusedError } from '../client/errors.ts'
import { parseWatchEvent, type FlagUpdate } from '../client/flag-update.ts'
import { pause } from '../client/timers.ts'
import { readWatchStream } from '../client/watch-stream.ts'
import { API } from './api.ts'

/** The service sends something every 15 seconds. */
const SILENCE_MAX_MS = 20_000
const BACK_OFF_MS = { first: 400, most: 8_000 }
/** Of one event. A full stash, as JSON in its longest form, is below 7 MiB. */
const EVENT_MAX_BYTES = 8 * 1024 * 1024

/** `missing`: there is no such stash. `gone`: it was deleted while it was watched. Both are final. */
export type StreamStatus = 'connecting' | 'live' | 'lost' | 'missing' | 'gone'

export type ContentUpdate = Exclude<FlagUpdate, { type: 'gone' }>

type Listener = { onEvent(update: ContentUpdate): void; onStatus(status: StreamStatus): void }

/** @returns a function that stops it */
export function watch(stash: string, { onEvent, onStatus }: Listener): () => void {
  const stopped = new AbortController()
  const { signal } = stopped
  const backOff = new BackOff(BACK_OFF_MS.first, BACK_OFF_MS.most)
  let lastRevision: number | undefined
  let heardAt = 0
  let attempt = new AbortController()

  /** One stream, from its request to its end. */
  async function read(): Promise<'lost' | 'missing' | 'gone'> {
    let isGone = false
    const current = (attempt = new AbortController())
    const options = {
      after: lastRevision,
      deadlineMs: SILENCE_MAX_MS,
      silenceMs: SILENCE_MAX_MS,
      maxBytes: EVENT_MAX_BYTES,
      signal: AbortSignal.any([current.signal, signal]),
    }
    try {
      await readWatchStream({ ...API, stash }, options, {
        opened: () => {},
        heartbeat: () => {
          heardAt = Date.now()
          backOff.reset()
          // A stream that resumes has nothing to tell if nothing has changed; a fresh one is live with its snapshot.
          if (lastRevision !== undefined) onStatus('live')
        },
        event: (data) => {
          const update = parseWatchEvent(data)
          if (update.type === 'gone') {
            isGone = true
            current.abort()
            return
          }
          lastRevision = update.revision
          onEvent(update)
          onStatus('live')
        },
      })
    } catch (error) {
      if (error instanceof RefusedError && (error.status === 404 || error.status === 400)) return 'missing'
    }
    return isGone ? 'gone' : 'lost'
  }

  async function run(): Promise<void> {
    onStatus('connecting')
    while (!signal.aborted) {
      const end = await read()
      if (signal.aborted) return
      onStatus(end)
      if (end !== 'lost') return
      await pauseUntilOnline(backOff.next(), signal)
    }
  }

  /** After the page was hidden, or the network was away, a stream that was silent for long may be dead. */
  function checkSilence(): void {
    if (document.visibilityState === 'visible' && Date.now() - heardAt > SILENCE_MAX_MS) attempt.abort()
  }
  window.addEventListener('offline', () => attempt.abort(), { signal })
  window.addEventListener('online', () => attempt.abort(), { signal })
  document.addEventListener('visibilitychange', checkSilence, { signal })
  void run()
  return () => stopped.abort()
}

/** Ends early when the network is back. */
async function pauseUntilOnline(ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  window.addEventListener('online', end, { signal: over.signal })
  signal.addEventListener('abort', end, { signal: over.signal })
  await pause(ms, over.signal)
  over.abort()
}
