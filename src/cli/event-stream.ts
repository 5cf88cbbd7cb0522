/**
 * The events of a stash as they come, over breaks of the connection: it resumes after the last revision that was told.
 * Of the same road as a browser's EventSource; the keep-alives tell a quiet stash from a dead connection.
 */
import { Failure, open, Refused, wordStranger } from '../client/call.ts'
import { readEvents } from '../client/events.ts'
import { TIMING } from '../client/follow.ts'
import { BackOff } from '../client/pause.ts'
import { readEvent, type Told } from '../client/told.ts'
import type { Settings } from './settings.ts'

type Terms = {
  after: number | undefined
  keys: string[]
  told: (event: Told) => void
  /** Called once for each break. */
  broke: (after: number | undefined) => void
}

/** Resolves when the stash is gone. Throws where the first connection fails, and where the service refuses. */
export async function followEvents(settings: Settings, { after, keys, told, broke }: Terms): Promise<void> {
  const waits = new BackOff(TIMING.backOffMs, TIMING.ceilingMs)
  let seen = after
  let everConnected = false
  for (let gone = false; ;) {
    let isConnected = false
    const connected = (): void => {
      isConnected = everConnected = true
      waits.reset()
    }
    const take = (event: Told): void => {
      seen = event.revision
      gone = event.type === 'gone'
      told(event)
    }
    try {
      await streamOnce(settings, seen, keys, connected, take)
    } catch (fault) {
      const isFinal = fault instanceof Refused && fault.status < 500
      if (isFinal || !everConnected) throw fault
    }
    if (gone) return
    if (isConnected) broke(seen)
    await new Promise((resolve) => setTimeout(resolve, waits.next()))
  }
}

async function streamOnce(
  { url, stash }: Settings,
  after: number | undefined,
  keys: string[],
  connected: () => void,
  told: (event: Told) => void,
): Promise<void> {
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  let timer = setTimeout(leave, TIMING.deadlineMs)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(leave, TIMING.silenceMs)
  }
  try {
    const query = { after, ...(keys.length > 0 && { keys: keys.join(',') }) }
    const { headers, body } = await open({ url }, 'GET', `/stash/${stash}/watch`, { query, signal: leaving.signal })
    const isStream = /^text\/event-stream\b/i.test(headers.get('Content-Type') ?? '')
    if (body === null || !isStream) throw new Failure(wordStranger(url))
    connected()
    heard()
    await readEvents(body, TIMING.maxBytes, {
      heard,
      told: (data) => told(readEvent(data)),
      retry: () => {},
    })
  } catch (cause) {
    if (cause instanceof Refused || cause instanceof Failure) throw cause
    throw new Failure(`The connection to ${new URL(url).host} broke.`, { cause })
  } finally {
    clearTimeout(timer)
    leaving.abort()
  }
}
