/**
 * The long poll, in the manner of Consul's blocking queries: answers when something has changed since `after`, or when the wait
 * is over. Without `after` it answers at once with a snapshot. While it waits, it holds a socket, which must be closed on every
 * exit.
 */
import { noteWrite } from '../response/read-snapshot.ts'
import { json, jsonText } from '../response/reply.ts'
import { parseEventHead } from './sse.ts'

type PollEvent = {
  type: string
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, object | null>
}

/** The status, as an event without its type and revision. */
type PollStatus = { held: number; freezes: object[] }
/** Events that were received, and the last status: a status is part of the answer and not an event that is waited for. */
type Collected = { events: PollEvent[]; status: PollStatus | null }

/** Jitter: up to this share is added to each wait, so that clients that began together do not come back at the same time. */
const JITTER = 1 / 16

/**
 * After a poll was answered at once, polls with an older `after`, or without one, are delayed until this time has passed: a
 * client that repeats an old `after` in a loop would otherwise use all CPU of the object.
 */
const THROTTLE_MS = 100
/** The number of stashes for which an isolate remembers its last answer. */
const STASHES_MAX = 1_000
/** By stash: the revision of the last poll that was answered at once, and when that was. */
const lastAnsweredAtOnce = new Map<string, { revision: number; at: number }>()

/**
 * Delays a poll by at most THROTTLE_MS if its `after` is older than the revision of the last poll that was answered at once,
 * or absent. A client that sends that revision is not delayed.
 */
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
  const collected: Collected = { events: [], status: null }
  try {
    await collectEvents(socket, collected, waitMs, clientGone)
  } finally {
    // The socket takes a place among the watchers, and the next poll opens its own.
    socket.close(1000)
  }

  const { events, status } = collected
  const rest = status && { status }
  if (events.length === 0) return json({ type: 'change', revision: after, changes: {}, ...rest })
  const merged = mergeEvents(events)
  noteWrite(stashId, merged.revision)
  return json({ ...merged, ...rest })
}

/**
 * The response if the client has missed events. The object sends them at once, one a line, and the status after them where it was
 * asked for. It opens no socket.
 */
export function missedEventsResponse(lines: string, stashId: string): Response {
  // Serialized JSON has no line ends, so one line is one event.
  const merged = lines.includes('\n')
    ? mergeMissed(JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as PollEvent[])
    : null
  const { revision } = merged ?? parseEventHead(lines)
  if (lastAnsweredAtOnce.size >= STASHES_MAX) lastAnsweredAtOnce.clear()
  lastAnsweredAtOnce.set(stashId, { revision, at: Date.now() })
  noteWrite(stashId, revision)
  return merged === null ? jsonText(lines) : json(merged)
}

/**
 * Collects events into `collected`. Resolves when there is an event to answer with, when the wait is over, or when the client or
 * the object has closed the connection.
 */
async function collectEvents(
  socket: WebSocket,
  collected: Collected,
  waitMs: number,
  clientGone: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const enough = new Promise<void>((resolve, reject) => {
    let live = false
    socket.addEventListener('message', ({ data }) => {
      try {
        // An object sends an array where it was asked for the status: a change and the status after it are one answer.
        const parsed = JSON.parse(String(data)) as PollEvent | PollEvent[]
        for (const event of Array.isArray(parsed) ? parsed : [parsed]) {
          // Missed events come before the `live` mark. After the mark, the first change is enough.
          if (event.type === 'live') live = true
          else if (event.type === 'status') collected.status = toPollStatus(event)
          else collected.events.push(event)
        }
      } catch (fault) {
        reject(fault)
      }
      if (live && collected.events.length > 0) resolve()
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
    // A timer that is not cancelled would keep the invocation open.
    wait.catch(() => {})
    over.abort()
  }
}

/** Merges the lines of `missedEventsResponse`. */
function mergeMissed(all: PollEvent[]): PollEvent & { status?: PollStatus } {
  const last = all.at(-1)
  if (last?.type !== 'status') return mergeEvents(all)
  return { ...mergeEvents(all.slice(0, -1)), status: toPollStatus(last) }
}

// The object sends a status with exactly these members.
const toPollStatus = (event: PollEvent): PollStatus => {
  const { held, freezes } = event as PollEvent & PollStatus
  return { held, freezes }
}

/** Merges missed events into one: a later value wins. A snapshot replaces all events before it. */
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

/** Drops null members: a snapshot does not list keys that were deleted after it. */
const omitNulls = <T>(record: Record<string, T | null>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== null))

const toRevertsMember = (reverts: NonNullable<PollEvent['reverts']>): Pick<PollEvent, 'reverts'> =>
  Object.keys(reverts).length === 0 ? {} : { reverts }
