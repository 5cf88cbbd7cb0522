/**
 * The events of a stash as they come, over breaks of the connection: it resumes after the last revision that was told.
 * Of the same road as a browser's EventSource; the keep-alives tell a quiet stash from a dead connection.
 */
import { Failure, Refused } from '../client/call.ts'
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

type Terms = {
  after: number | undefined
  keys: string[]
  /** Called once for each break. */ onBreak: (after: number | undefined) => void
}

/** Ends with `gone`. Throws where the first connection fails, and where the service refuses. */
export async function* followEvents(settings: Settings, { after, keys, onBreak }: Terms): AsyncGenerator<Event> {
  let seen = after
  let state: 'new' | 'connected' | 'broken' = 'new'
  for (;;) {
    try {
      for await (const event of streamOnce(settings, seen, keys)) {
        if (event === 'connected') {
          state = 'connected'
          continue
        }
        seen = event.revision
        yield event
        if (event.type === 'gone') return
      }
    } catch (fault) {
      const isFinal = fault instanceof Refused && fault.status < 500
      if (isFinal || state === 'new') throw fault
    }
    if (state === 'connected') onBreak(seen)
    state = 'broken'
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS.least + Math.random() * (WAIT_MS.most - WAIT_MS.least)))
  }
}

async function* streamOnce(
  { url, stash }: Settings,
  after: number | undefined,
  keys: string[],
): AsyncGenerator<Event | 'connected'> {
  const query = new URLSearchParams({
    ...(after !== undefined && { after: String(after) }),
    ...(keys.length > 0 && { keys: keys.join(',') }),
  })
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS)
  try {
    const answer = await fetch(`${url}/stash/${stash}/watch?${query}`, { redirect: 'error', signal: silence.signal })
    if (!answer.ok || answer.body === null) throw new Refused(answer.status, await readProblem(answer))
    yield 'connected'
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of answer.body) {
      timer.refresh()
      const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data !== undefined) yield JSON.parse(data) as Event
      }
    }
  } catch (cause) {
    if (cause instanceof Refused) throw cause
    throw new Failure(`${new URL(url).host} cannot be reached.`, { cause })
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

async function readProblem(answer: Response): Promise<Record<string, unknown>> {
  try {
    return (await answer.json()) as Record<string, unknown>
  } catch {
    return {}
  }
}
