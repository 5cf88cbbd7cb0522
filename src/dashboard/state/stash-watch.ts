/**
 * Follows the changes of a stash over one WebSocket at a time, and reconnects for as long as it is watched. Not over a stream
 * of `fetch`: a browser gives six connections to a host of HTTP/1.1, and a page may watch many stashes in several tabs.
 */
import { BackOff } from '../../client/requests/backoff.ts'
import { parseWatchEvent, type FlagUpdate } from '../../client/sync/flag-update.ts'
import { pause } from '../../client/timers.ts'
import { callApi, isStashMissing } from '../api/call.ts'
import { API } from '../api/connection.ts'
import type { StashFacts } from '../api/answer-types.ts'
import type { Freeze, WatchState } from './content.ts'

/** The object answers a "ping" without being woken. */
const PING_EVERY_MS = 10_000
const SILENCE_MAX_MS = 20_000
const BACK_OFF_MS = { first: 400, most: 8_000 }

export type ContentUpdate = Exclude<FlagUpdate, { type: 'gone' }>
export type StashStatus = { revision: number; held: number; freezes: Freeze[] }

type Listener = {
  onUpdate(update: ContentUpdate): void
  onStatus(status: StashStatus): void
  onState(state: WatchState): void
}

/**
 * @param after the revision that is known already; undefined: a snapshot comes first
 * @returns a function that stops it
 */
export function watchStash(
  stash: string,
  after: number | undefined,
  { onUpdate, onStatus, onState }: Listener,
): () => void {
  const stopped = new AbortController()
  const { signal } = stopped
  const backOff = new BackOff(BACK_OFF_MS.first, BACK_OFF_MS.most)
  let lastRevision = after
  let heardAt = 0
  let cut = (): void => {}

  /** One socket, from its opening to its end. `refused`: it never opened. */
  function listen(): Promise<'lost' | 'refused' | 'gone'> {
    return new Promise((resolve) => {
      const socket = new WebSocket(toSocketUrl(stash, lastRevision))
      let result: 'lost' | 'refused' | 'gone' = 'refused'
      heardAt = Date.now()
      const beat = setInterval(() => {
        if (Date.now() - heardAt > SILENCE_MAX_MS) end()
        else if (socket.readyState === WebSocket.OPEN) socket.send('ping')
      }, PING_EVERY_MS)
      const over = new AbortController()
      const until = { signal: over.signal }
      // Its event `close` may come minutes after the network has gone, so it is not waited for.
      const end = (): void => {
        clearInterval(beat)
        over.abort()
        socket.close()
        resolve(result)
      }
      const onOpen = (): void => {
        result = 'lost'
        // A socket that resumes has nothing to tell if nothing has changed. An answer shows that the service is at the other end.
        if (lastRevision !== undefined) socket.send('ping')
      }
      const onMessage = ({ data }: MessageEvent<unknown>): void => {
        heardAt = Date.now()
        try {
          if (take(String(data))) result = 'gone'
        } catch {
          return end()
        }
        backOff.reset()
        if (result === 'gone') end()
        else if (lastRevision !== undefined) onState('live')
      }
      socket.addEventListener('open', onOpen, until)
      socket.addEventListener('message', onMessage, until)
      socket.addEventListener('close', end, until)
      socket.addEventListener('error', end, until)
      cut = end
    })
  }

  /** @returns whether the stash was deleted @throws {NoAnswerError} if the message is none of the service */
  function take(data: string): boolean {
    if (data === 'pong') return false
    const parsed: unknown = JSON.parse(data)
    // `batch=1`: a message may hold several events.
    for (const event of Array.isArray(parsed) ? parsed : [parsed]) {
      const status = parseStatus(event)
      if (status !== null) {
        onStatus(status)
        continue
      }
      const update = parseWatchEvent(JSON.stringify(event))
      if (update.type === 'gone') return true
      lastRevision = update.revision
      onUpdate(update)
    }
    return false
  }

  /** A browser does not say why a socket was refused: one that never opened may be of a stash that does not exist. */
  async function isMissing(): Promise<boolean> {
    try {
      await callApi<StashFacts>(API, 'GET', `/stash/${stash}`, { signal })
      return false
    } catch (error) {
      return isStashMissing(error)
    }
  }

  async function run(): Promise<void> {
    onState('connecting')
    while (!signal.aborted) {
      const end = await listen()
      if (signal.aborted) return
      if (end === 'gone') return onState('gone')
      if (lastRevision !== undefined) onState('lost')
      if (end === 'refused' && (await isMissing())) return signal.aborted ? undefined : onState('missing')
      if (signal.aborted) return
      onState('lost')
      await pauseUntilOnline(backOff.next(), signal)
    }
  }

  const cutNow = (): void => cut()
  /** After the page was hidden, or the network was away, a socket that was silent for long may be dead. */
  function checkSilence(): void {
    if (document.visibilityState === 'visible' && Date.now() - heardAt > SILENCE_MAX_MS) cut()
  }
  window.addEventListener('offline', cutNow, { signal })
  window.addEventListener('online', cutNow, { signal })
  document.addEventListener('visibilitychange', checkSilence, { signal })
  signal.addEventListener('abort', cutNow)
  void run()
  return () => stopped.abort()
}

function toSocketUrl(stash: string, after: number | undefined): string {
  const url = new URL(`${API.url}/stash/${stash}/watch`)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = new URLSearchParams({
    status: '1',
    batch: '1',
    ...(after !== undefined && { after: String(after) }),
  }).toString()
  return url.href
}

function parseStatus(event: unknown): StashStatus | null {
  if (typeof event !== 'object' || event === null || !('type' in event) || event.type !== 'status') return null
  const { revision, held, freezes } = event as { revision?: unknown; held?: unknown; freezes?: unknown }
  return {
    revision: Number(revision ?? 0),
    held: Number(held ?? 0),
    freezes: (Array.isArray(freezes) ? freezes : []).map(toFreeze),
  }
}

/** @param raw `{keys, until}` as the wire has it */
function toFreeze(raw: { keys?: string[] | null; until?: string | null }): Freeze {
  return { keys: raw.keys ?? null, until: raw.until ? Date.parse(raw.until) : null }
}

/** Ends early when the network is back. While the browser says that it is offline, nothing is tried. */
async function pauseUntilOnline(ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  window.addEventListener('online', end, { signal: over.signal })
  signal.addEventListener('abort', end, { signal: over.signal })
  await pause(navigator.onLine ? ms : OFFLINE_PAUSE_MS, over.signal)
  over.abort()
}

/** A browser may say that it is offline while it is not, so that is tried now and then all the same. */
const OFFLINE_PAUSE_MS = 30_000
