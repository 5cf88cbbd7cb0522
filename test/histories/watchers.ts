/**
 * Watchers: Server-Sent Events, WebSockets and long polls, of all keys or of some. They leave at random and come back, mostly
 * with the last revision that they have seen. The parser of the event stream is this file's own.
 */
import { get } from 'node:http'
import { Asker, sleep } from './ask.ts'
import { BOX_KEYS, BUSY_KEYS, isAnswer, type State } from './state.ts'
import type { Watched, WatchEvent } from './story.ts'

const STAY_MS = { least: 400, most: 8_000 }
/** A service that answers nothing is asked again after that. */
const RETRY_MS = { least: 50, most: 500 }
const CONNECT_DEADLINE_MS = 10_000
const POLL_WAIT_S = 2

export const ROADS = [
  { road: 'sse', keys: null },
  { road: 'sse', keys: null },
  { road: 'sse', keys: [BOX_KEYS[0], BOX_KEYS[1], BUSY_KEYS[0]] },
  { road: 'socket', keys: null },
  { road: 'socket', keys: null },
  { road: 'socket', keys: [BOX_KEYS[2], BUSY_KEYS[1]] },
  { road: 'poll', keys: null },
  { road: 'poll', keys: [BUSY_KEYS[2], BOX_KEYS[3]] },
] as const

export async function watch(state: State, number: number): Promise<void> {
  const plan = ROADS[number % ROADS.length] ?? ROADS[0]
  const keys = plan.keys === null ? null : plan.keys.flatMap((key) => key ?? [])
  const watched: Watched = { name: `${plan.road}-${number}`, road: plan.road, keys, notes: [] }
  state.watched.push(watched)
  const connect = { sse: stream, socket, poll }[plan.road]
  while (!state.isDone) {
    // Once all is quiet nobody leaves any more, so that each comes to the end.
    const stayMs = (): number => state.random.between(STAY_MS.least, STAY_MS.most)
    const isFresh = state.random() < 0.1
    const after = isFresh ? null : cursorOf(watched)
    watched.notes.push({ at: Date.now(), opened: { after } })
    await connect(state, watched, after, stayMs())
    if (!state.isDone) await sleep(state.random.between(RETRY_MS.least, RETRY_MS.most))
  }
}

/** The last revision it was told of. */
function cursorOf({ notes }: Watched): number | null {
  for (let i = notes.length - 1; i >= 0; i--) {
    const note = notes[i]
    if (note !== undefined && 'event' in note) return note.event.revision
  }
  return null
}

function pathOf(state: State, { keys }: Watched, after: number | null, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    ...(keys !== null && { keys: keys.join(',') }),
    ...(after !== null && { after: String(after) }),
    ...more,
  })
  return `/api/stash/${state.stash.id}/watch${query.size === 0 ? '' : `?${query}`}`
}

function take(watched: Watched, text: string): void {
  watched.notes.push({ at: Date.now(), event: JSON.parse(text) as WatchEvent })
}

/** Resolves when it is time to leave: after its stay, or at the end of the run. */
async function stay(state: State, ms: number, ended: () => boolean): Promise<void> {
  const until = Date.now() + ms
  while (!ended() && !state.isDone && (Date.now() < until || state.isOver)) await sleep(40)
}

async function stream(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const isByHeader = after !== null && state.random() < 0.5
  const path = pathOf(state, watched, isByHeader ? null : after)
  const headers = isByHeader ? { 'Last-Event-ID': String(after) } : {}
  let isEnded = false
  const end = (): void => void (isEnded = true)
  const req = get(new URL(path, state.origin), { agent: false, headers })
  req.on('error', end).on('close', end)
  req.on('response', (response) => {
    if (response.statusCode !== 200) return void req.destroy()
    const parser = new EventParser(
      (event) => take(watched, event),
      (event) => state.malformed.push(`${watched.name}: ${event}`),
    )
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => parser.push(chunk))
    response.on('error', end).on('end', end)
  })
  await stay(state, ms, () => isEnded)
  req.destroy()
}

/** The event stream of the HTML standard, as far as it is used: fields `event`, `id`, `data`; comments and `retry` are skipped. */
export class EventParser {
  readonly #take: (data: string) => void
  readonly #refuse: (event: string) => void
  #text = ''
  #fields: Record<string, string> = {}

  constructor(take: (data: string) => void, refuse: (event: string) => void) {
    this.#take = take
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
    this.#take(data)
  }
}

async function socket(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const url = new URL(pathOf(state, watched, after), state.origin)
  url.protocol = 'ws:'
  const connection = new WebSocket(url.href)
  let isEnded = false
  let isOpen = false
  const end = (): void => void (isEnded = true)
  connection.addEventListener('open', () => void (isOpen = true))
  connection.addEventListener('message', ({ data }) => {
    if (!isEnded) take(watched, String(data))
  })
  connection.addEventListener('close', end)
  connection.addEventListener('error', end)
  const connectBy = Date.now() + CONNECT_DEADLINE_MS
  await stay(state, ms, () => isEnded || (!isOpen && Date.now() > connectBy))
  // What arrives while the closing is under way is not counted: the cursor has been read by then.
  isEnded = true
  connection.close()
}

async function poll(state: State, watched: Watched, after: number | null, ms: number): Promise<void> {
  const asker = new Asker(state.origin)
  const leaving = new AbortController()
  const work = (async () => {
    let cursor = after
    while (!leaving.signal.aborted) {
      const path = pathOf(state, watched, cursor, { wait: `${POLL_WAIT_S}s` })
      const answer = await asker.ask({ method: 'GET', path })
      if (!isAnswer(answer) || answer.status !== 200) break
      const event = JSON.parse(answer.body) as WatchEvent
      // An empty change at the cursor says that the wait is over.
      if (event.type !== 'change' || event.revision !== cursor) take(watched, answer.body)
      cursor = event.revision
    }
    leaving.abort()
  })()
  await stay(state, ms, () => leaving.signal.aborted)
  leaving.abort()
  await work
  asker.close()
}
