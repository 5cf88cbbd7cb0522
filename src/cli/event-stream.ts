/**
 * The events of a stash as they come, over breaks of the connection: it resumes after the last revision that was told.
 * Of the same road as a browser's EventSource; the keep-alives tell a quiet stash from a dead connection.
 */
import { Failure, open, Refused, wordStranger } from '../client/call.ts'
import { readEvents } from '../client/events.ts'
import type { Settings } from './settings.ts'

export type Event = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
}

/** The service says something every 15 seconds. */
const SILENCE_MAX_MS = 45_000
/** Drawn between these, so that a thousand that were cut off do not come back in one moment. */
const WAIT_MS = { least: 300, most: 2_000 }

/** An event is the whole stash at most, and its JSON's escapes. */
const EVENT_MAX_CHARS = 16 * 1024 * 1024

type Terms = {
  after: number | undefined
  keys: string[]
  told: (event: Event) => void
  /** Called once for each break. */
  broke: (after: number | undefined) => void
}

/** Resolves when the stash is gone. Throws where the first connection fails, and where the service refuses. */
export async function followEvents(settings: Settings, { after, keys, told, broke }: Terms): Promise<void> {
  let seen = after
  let state: 'new' | 'connected' | 'broken' = 'new'
  let gone = false
  const take = (event: Event): void => {
    seen = event.revision
    gone = event.type === 'gone'
    told(event)
  }
  for (;;) {
    try {
      await streamOnce(settings, seen, keys, () => (state = 'connected'), take)
    } catch (fault) {
      const isFinal = fault instanceof Refused && fault.status < 500
      if (isFinal || (state as string) === 'new') throw fault
    }
    if (gone) return
    if ((state as string) === 'connected') broke(seen)
    state = 'broken'
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS.least + Math.random() * (WAIT_MS.most - WAIT_MS.least)))
  }
}

async function streamOnce(
  { url, stash }: Settings,
  after: number | undefined,
  keys: string[],
  connected: () => void,
  told: (event: Event) => void,
): Promise<void> {
  const leaving = new AbortController()
  const timer = setTimeout(() => leaving.abort(), SILENCE_MAX_MS)
  try {
    const query = { after, ...(keys.length > 0 && { keys: keys.join(',') }) }
    const { headers, body } = await open({ url }, 'GET', `/stash/${stash}/watch`, { query, signal: leaving.signal })
    const isStream = /^text\/event-stream\b/i.test(headers.get('Content-Type') ?? '')
    if (body === null || !isStream) throw new Failure(wordStranger(url))
    connected()
    await readEvents(body, EVENT_MAX_CHARS, {
      heard: () => timer.refresh(),
      told: (data) => told(JSON.parse(data) as Event),
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
