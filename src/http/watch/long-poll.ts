/**
 * The long poll, in the manner of Consul: answers when something has changed since `after`, or when it has waited.
 * Without `after` it answers at once with how things stand. Where it has to wait it holds a socket, closed on every way out.
 */
import { noteWrite } from '../response/snapshot-reader.ts'
import { json, jsonText } from '../response/reply.ts'
import { parseEventHead } from './sse.ts'

type PollEvent = {
  type: string
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, object | null>
}

/** Added to each wait, so that those who began together do not all come back together. */
const JITTER = 1 / 16

/** A poll that is behind what another has just been told waits so long: one in a loop would else take a stash's whole thread. */
const THROTTLE_MS = 100
/** Stashes of which that is remembered. */
const STASHES_MAX = 1_000
/** By stash: the last revision that a poll was told at once, and when. */
const lastAnsweredAtOnce = new Map<string, { revision: number; at: number }>()

/** A client that follows has seen what it was told, and never waits here; one that comes back does so at most once. */
export async function throttleIfBehind(stashId: string, after: number | null): Promise<void> {
  const last = lastAnsweredAtOnce.get(stashId)
  if (last === undefined || (after ?? -1) >= last.revision) return
  const wait = last.at + THROTTLE_MS - Date.now()
  if (wait > 0) await scheduler.wait(Math.min(wait, THROTTLE_MS))
}

export async function pollOnce(
  socket: WebSocket,
  stashId: string,
  after: number | null,
  waitMs: number,
  clientGone: AbortSignal,
): Promise<Response> {
  const events: PollEvent[] = []
  try {
    await collectEvents(socket, events, waitMs, clientGone)
  } finally {
    // It holds a place among the watchers, and another poll takes one of its own.
    socket.close(1000)
  }

  return events.length === 0 ? json({ type: 'change', revision: after, changes: {} }) : mergedResponse(events, stashId)
}

/** The answer where something was missed: the object gives it, one event a line, and takes no watcher in. */
export function missedEventsResponse(lines: string, stashId: string): Response {
  // No text of JSON has a line end in it.
  const merged = lines.includes('\n')
    ? mergeEvents(JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as PollEvent[])
    : null
  const { revision } = merged ?? parseEventHead(lines)
  if (lastAnsweredAtOnce.size >= STASHES_MAX) lastAnsweredAtOnce.clear()
  lastAnsweredAtOnce.set(stashId, { revision, at: Date.now() })
  noteWrite(stashId, revision)
  return merged === null ? jsonText(lines) : json(merged)
}

function mergedResponse(events: PollEvent[], stashId: string): Response {
  const merged = mergeEvents(events)
  noteWrite(stashId, merged.revision)
  return json(merged)
}

/** Resolves when there is something to answer with, when the wait is over, or when the client has left. */
async function collectEvents(
  socket: WebSocket,
  events: PollEvent[],
  waitMs: number,
  clientGone: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const enough = new Promise<void>((resolve, reject) => {
    let live = false
    socket.addEventListener('message', ({ data }) => {
      try {
        const event = JSON.parse(String(data)) as PollEvent
        // All that was missed comes before the mark; after it, the first change is enough.
        if (event.type === 'live') live = true
        else events.push(event)
      } catch (fault) {
        reject(fault)
      }
      if (live && events.length > 0) resolve()
    })
    socket.addEventListener('close', () => resolve())
    socket.addEventListener('error', () => resolve())
    clientGone.addEventListener('abort', () => resolve())
    if (clientGone.aborted) resolve()
  })
  socket.accept()
  const wait = scheduler.wait(waitMs + Math.floor(Math.random() * waitMs * JITTER), { signal: over.signal })
  try {
    await Promise.race([enough, wait])
  } finally {
    // A timer that is left would hold the invocation open.
    wait.catch(() => {})
    over.abort()
  }
}

/** Several missed changes as one: a later value wins. A snapshot says it all, and what was told before it is no more. */
function mergeEvents(all: PollEvent[]): PollEvent {
  const events = all.slice(
    Math.max(
      0,
      all.findLastIndex(({ type }) => type === 'snapshot'),
    ),
  )
  const last = events.at(-1)
  if (last === undefined) throw new Error('there is nothing to merge')
  if (events.length === 1 || last.type !== 'change') return last
  const { revision } = last
  const changes = Object.fromEntries(events.flatMap((event) => Object.entries(event.changes ?? event.flags ?? {})))
  const reverts = Object.fromEntries(events.flatMap((event) => Object.entries(event.reverts ?? {})))
  if (events[0]?.type === 'snapshot') {
    return { type: 'snapshot', revision, flags: omitNulls(changes), ...toRevertsMember(omitNulls(reverts)) }
  }
  return { type: 'change', revision, changes, ...toRevertsMember(reverts) }
}

/** Without those that are null: what was taken away meanwhile is in no snapshot. */
const omitNulls = <T>(record: Record<string, T | null>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== null))

const toRevertsMember = (reverts: NonNullable<PollEvent['reverts']>): Pick<PollEvent, 'reverts'> =>
  Object.keys(reverts).length === 0 ? {} : { reverts }
