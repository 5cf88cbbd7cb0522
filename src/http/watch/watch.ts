/**
 * `/stash/{id}/watch`: each change as it is committed. There are three transports for the same events: a WebSocket directly
 * to the object, which can hibernate meanwhile; Server-Sent Events, which the Worker streams from such a socket, because an
 * object that holds a stream itself cannot hibernate; and a long poll, for clients that support neither.
 */
import { Hono } from 'hono'
import { FILTER_MAX_KEYS, type Framing, type WatchTerms } from '../../model/snapshot/watch-event.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { parseStashId } from '../request/address.ts'
import { connect, getSocket } from './connect.ts'
import { missedEventsResponse, throttleIfBehind, pollOnce } from './long-poll.ts'
import { parseCursor, parseQuery, parseSwitch } from '../request/parse.ts'
import { parseKeys } from '../request/parse-keys.ts'
import { refineNotFound } from '../response/read-snapshot.ts'
import { empty, problemResponse } from '../response/reply.ts'
import { toHandles, type App } from '../scope.ts'
import { streamEvents } from './sse.ts'
import { parseDuration } from '../../model/duration.ts'

/** The wait of `?wait=` without a time: long enough for few requests, and below the idle timeout of most proxies. */
const WAIT_DEFAULT_MS = 30_000
const WAIT_MAX_MS = 5 * 60_000

export const watch = new Hono<App>().get('/stash/:stash/watch', async (c) => {
  const request = c.req.raw
  const id = parseStashId(c.env.STASH, c.req.param('stash'))
  if (!id.ok) return problemResponse(id.refusal)
  const parsed = parseWatch(request)
  if (!parsed.ok) return problemResponse(parsed.refusal)
  const { terms, waitMs } = parsed.value
  // Hono routes HEAD as GET. Workers Cache turns a HEAD into a GET if it has no response stored, which here is always the
  // case: such a HEAD opens a stream, which ends when its client disconnects.
  if (request.method === 'HEAD') return empty(200, { 'Content-Type': 'text/event-stream' })

  const upgrades = request.headers.get('Upgrade')?.toLowerCase() === 'websocket'
  const polls = waitMs !== null && !upgrades
  if (polls) await throttleIfBehind(id.value.toString(), terms.after)
  const opening = {
    ...terms,
    marks: waitMs !== null,
    body: polls,
    framing: upgrades ? terms.framing : toFraming(terms, polls),
  }
  const connected = await connect(c.env, id.value, opening, request)
  if (!connected.ok) return problemResponse(await refineNotFound(toHandles(c), id.value.toString(), connected.refusal))
  const { response, isAtHub } = connected.value
  if (upgrades) return response
  const stash = id.value.toString()
  if (!polls) return streamEvents(getSocket(connected.value), stash, request.signal, { isOneOfMany: isAtHub })
  if (response.status === 200) return missedEventsResponse(await response.text(), stash)
  return pollOnce(getSocket(connected.value), stash, terms.after, waitMs, request.signal)
})

/** The answer of a long poll has a status besides the events, where it was asked for: they must come together. */
const toFraming = ({ status }: WatchTerms, polls: boolean): Framing => (!polls ? 'lines' : status ? 'array' : 'single')

type ParsedWatch = { terms: WatchTerms; waitMs: number | null }

function parseWatch(request: Request): Result<ParsedWatch> {
  const query = parseQuery(request.url, ['after', 'keys', 'wait', 'batch', 'status'])
  if (!query.ok) return query
  const after = parseCursor(request, query.value.after)
  if (!after.ok) return after
  const filter = parseKeys(query.value.keys, FILTER_MAX_KEYS)
  if (!filter.ok) return filter
  const waitMs = parseWait(query.value.wait)
  if (!waitMs.ok) return waitMs
  const batch = parseSwitch('batch', query.value.batch)
  if (!batch.ok) return batch
  const status = parseSwitch('status', query.value.status)
  if (!status.ok) return status
  const asked = { framing: batch.value ? ('array' as const) : ('single' as const), status: status.value }
  const terms = { after: after.value, filter: filter.value, marks: false, body: false, ...asked }
  return ok({ terms, waitMs: waitMs.value })
}

/** Null if the request is not a long poll. */
function parseWait(text: string | undefined): Result<number | null> {
  if (text === undefined) return ok(null)
  const ms = text === '' ? WAIT_DEFAULT_MS : parseDuration(text)
  if (ms !== null && ms <= WAIT_MAX_MS) return ok(ms)
  return refuse({ code: 'invalid_query', parameter: 'wait', expected: 'a duration such as 30s, at most 5m' })
}
