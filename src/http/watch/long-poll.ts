/**
 * The long poll, in the manner of Consul: answers when something has changed since `after`, or when it has waited.
 * Without `after` it answers at once with how things stand. Where it has to wait it holds a socket, closed on every way out.
 */
import { noteWrite } from '../response/snapshot-reader.ts'
import { json, jsonText } from '../response/reply.ts'
import { readHead } from './sse.ts'

type Told = {
  type: string
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, object | null>
}

/** Added to each wait, so that those who began together do not all come back together. */
const JITTER = 1 / 16

/** A poll that is behind what another has just been told waits so long: one in a loop would else take a stash's whole thread. */
const BEHIND_PAUSE_MS = 100
/** Stashes of which that is remembered. */
const TOLD_MAX = 1_000
/** By stash: the last revision that a poll was told at once, and when. */
const toldAtOnce = new Map<string, { revision: number; at: number }>()

/** A client that follows has seen what it was told, and never waits here; one that comes back does so at most once. */
export async function throttleBehind(stashId: string, after: number | null): Promise<void> {
  const last = toldAtOnce.get(stashId)
  if (last === undefined || (after ?? -1) >= last.revision) return
  const wait = last.at + BEHIND_PAUSE_MS - Date.now()
  if (wait > 0) await scheduler.wait(Math.min(wait, BEHIND_PAUSE_MS))
}

export async function pollOnce(
  socket: WebSocket,
  stashId: string,
  after: number | null,
  waitMs: number,
  gone: AbortSignal,
): Promise<Response> {
  const told: Told[] = []
  try {
    await listen(socket, told, waitMs, gone)
  } finally {
    // It holds a place among the watchers, and another poll takes one of its own.
    socket.close(1000)
  }

  return told.length === 0 ? json({ type: 'change', revision: after, changes: {} }) : answer(told, stashId)
}

/** The answer where something was missed: the object gives it, one event a line, and takes no watcher in. */
export function answerMissed(lines: string, stashId: string): Response {
  // No text of JSON has a line end in it.
  const told = lines.includes('\n') ? merge(JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as Told[]) : null
  const { revision } = told ?? readHead(lines)
  if (toldAtOnce.size >= TOLD_MAX) toldAtOnce.clear()
  toldAtOnce.set(stashId, { revision, at: Date.now() })
  noteWrite(stashId, revision)
  return told === null ? jsonText(lines) : json(told)
}

function answer(told: Told[], stashId: string): Response {
  const merged = merge(told)
  noteWrite(stashId, merged.revision)
  return json(merged)
}

/** Resolves when there is something to answer with, when the wait is over, or when the client has left. */
async function listen(socket: WebSocket, told: Told[], waitMs: number, gone: AbortSignal): Promise<void> {
  const over = new AbortController()
  const enough = new Promise<void>((resolve, reject) => {
    let live = false
    socket.addEventListener('message', ({ data }) => {
      try {
        const event = JSON.parse(String(data)) as Told
        // All that was missed comes before the mark; after it, the first change is enough.
        if (event.type === 'live') live = true
        else told.push(event)
      } catch (fault) {
        reject(fault)
      }
      if (live && told.length > 0) resolve()
    })
    socket.addEventListener('close', () => resolve())
    socket.addEventListener('error', () => resolve())
    gone.addEventListener('abort', () => resolve())
    if (gone.aborted) resolve()
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
function merge(all: Told[]): Told {
  const told = all.slice(
    Math.max(
      0,
      all.findLastIndex(({ type }) => type === 'snapshot'),
    ),
  )
  const last = told.at(-1)
  if (last === undefined) throw new Error('there is nothing to merge')
  if (told.length === 1 || last.type !== 'change') return last
  const { revision } = last
  const changes = Object.fromEntries(told.flatMap((event) => Object.entries(event.changes ?? event.flags ?? {})))
  const reverts = Object.fromEntries(told.flatMap((event) => Object.entries(event.reverts ?? {})))
  if (told[0]?.type === 'snapshot') {
    return { type: 'snapshot', revision, flags: present(changes), ...optional(present(reverts)) }
  }
  return { type: 'change', revision, changes, ...optional(reverts) }
}

/** Without those that are null: what was taken away meanwhile is in no snapshot. */
const present = <T>(record: Record<string, T | null>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== null))

const optional = (reverts: NonNullable<Told['reverts']>): Pick<Told, 'reverts'> =>
  Object.keys(reverts).length === 0 ? {} : { reverts }
