/**
 * Watchers over Server-Sent Events, WebSockets and long polls, of all keys or of some. They disconnect at random and
 * reconnect, mostly with their cursor. The parser of the event stream is independent of the clients' parser.
 */
import { get } from 'node:http'
import { HttpClient, sleep } from './http-client.ts'
import { BOX_KEYS, BUSY_KEYS, isAnswer, type State } from './state.ts'
import type { Watched, WatchEvent } from './recording.ts'

const STAY_MS = { least: 400, most: 8_000 }
/** The pause before a watcher reconnects. */
const RETRY_MS = { least: 50, most: 500 }
const CONNECT_DEADLINE_MS = 10_000
const POLL_WAIT_S = 2

export const PLANS = [
  { transport: 'sse', keys: null },
  { transport: 'sse', keys: null },
  { transport: 'sse', keys: [BOX_KEYS[0], BOX_KEYS[1], BUSY_KEYS[0]] },
  { transport: 'socket', keys: null },
  { transport: 'socket', keys: null },
  { transport: 'socket', keys: [BOX_KEYS[2], BUSY_KEYS[1]] },
  { transport: 'poll', keys: null },
  { transport: 'poll', keys: [BUSY_KEYS[2], BOX_KEYS[3]] },
] as const

export async function watch(state: State, number: number): Promise<void> {
  const plan = PLANS[number % PLANS.length] ?? PLANS[0]
  const keys = plan.keys === null ? null : plan.keys.flatMap((key) => key ?? [])
  const watched: Watched = { name: `${plan.transport}-${number}`, transport: plan.transport, keys, notes: [] }
  state.watched.push(watched)
  const connect = { sse: stream, socket, poll }[plan.transport]
  while (!state.isDone) {
    // In the quiet phase `stay` waits until the end of the run, so that each watcher reaches the head.
    const stayMs = (): number => state.random.between(STAY_MS.least, STAY_MS.most)
    const isFresh = state.random() < 0.1
    const after = isFresh ? null : getCursor(watched)
    watched.notes.push({ at: Date.now(), opened: { after } })
    await connect(state, watched, after, stayMs())
    if (!state.isDone) await sleep(state.random.between(RETRY_MS.least, RETRY_MS.most))
  }
}

/** The last revision that the watcher received. */
function getCursor({ notes }: Watched): number | null {
  for (let i = notes.length - 1; i >= 0; i--) {
    const note = notes[i]
    if (note !== undefined && 'event' in note) return note.event.revision
  }
  return null
}

function toPath(state: State, { keys }: Watched, after: number | null, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    ...(keys !== null && { keys: keys.join(',') }),
    ...(after !== null && { after: String(after) }),
    ...more,
  })
  return `/api/stash/${state.stash.id}/watch${query.size === 0 ? '' : `?${query}`}`
}

function record(watched: Watched, text: string): void {
  watched.notes.push({ at: Date.now(), event: JSON.parse(text) as WatchEvent })
}

/** Resolves when the watcher must disconnect: after `ms`, or in the quiet phase at the end of the run. */
async function stay(state: State, ms: number, ended: () => boolean): Promise<void> {
  const until = Date.now() + ms
  while (!ended() && !state.isDone && (Date.now() < until || state.isOver)) await sleep(40)
}

async function stream(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const isByHeader = after !== null && state.random() < 0.5
  const path = toPath(state, watched, isByHeader ? null : after)
  const headers = isByHeader ? { 'Last-Event-ID': String(after) } : {}
  let isEnded = false
  const end = (): void => void (isEnded = true)
  const req = get(new URL(path, state.pick(state.origins)), { agent: false, headers })
  req.on('error', end).on('close', end)
  req.on('response', (response) => {
    if (response.statusCode !== 200) return void req.destroy()
    const parser = new EventParser(
      (event) => record(watched, event),
      (event) => state.malformed.push(`${watched.name}: ${event}`),
    )
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => parser.push(chunk))
    response.on('error', end).on('end', end)
  })
  await stay(state, ms, () => isEnded)
  req.destroy()
}

/** Parses the event stream format of the HTML standard with the fields `event`, `id` and `data`. Comments and `retry` are ignored. */
export class EventParser {
  readonly #record: (data: string) => void
  readonly #refuse: (event: string) => void
  #text = ''
  #fields: Record<string, string> = {}

  constructor(record: (data: string) => void, refuse: (event: string) => void) {
    this.#record = record
    this.#refuse = refuse
  }

  push(chunk: string): void {
    const lines = (this.#text + chunk).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replace(/\r$/, ''))
  }

  #line(line: string): void {
    if (line !== '') {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
      this.#fields[name] = value
      return
    }
    const { data, id, event } = this.#fields
    this.#fields = {}
    if (data === undefined) return
    const { type, revision } = JSON.parse(data) as WatchEvent
    // The fields of an event must not contradict its data.
    if (event !== type || id !== String(revision)) this.#refuse(`id ${id}, event ${event}, data ${data}`)
    this.#record(data)
  }
}

async function socket(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const url = new URL(toPath(state, watched, after), state.pick(state.origins))
  url.protocol = 'ws:'
  const connection = new WebSocket(url.href)
  let isEnded = false
  let isOpen = false
  const end = (): void => void (isEnded = true)
  connection.addEventListener('open', () => void (isOpen = true))
  connection.addEventListener('message', ({ data }) => {
    if (!isEnded) record(watched, String(data))
  })
  connection.addEventListener('close', end)
  connection.addEventListener('error', end)
  const connectBy = Date.now() + CONNECT_DEADLINE_MS
  await stay(state, ms, () => isEnded || (!isOpen && Date.now() > connectBy))
  // Messages that arrive while the socket closes are ignored, because the cursor has already been read.
  isEnded = true
  connection.close()
}

async function poll(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const client = new HttpClient(state.pick(state.origins))
  const leaving = new AbortController()
  const work = (async () => {
    let cursor = after
    while (!leaving.signal.aborted) {
      const path = toPath(state, watched, cursor, { wait: `${POLL_WAIT_S}s` })
      const answer = await client.send({ method: 'GET', path })
      if (!isAnswer(answer) || answer.status !== 200) break
      const event = JSON.parse(answer.body) as WatchEvent
      // An empty change at the cursor means that the wait has ended without a change.
      if (event.type !== 'change' || event.revision !== cursor) record(watched, answer.body)
      cursor = event.revision
    }
    leaving.abort()
  })()
  await stay(state, ms, () => leaving.signal.aborted)
  leaving.abort()
  await work
  client.close()
}
