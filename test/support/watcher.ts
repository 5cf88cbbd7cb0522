/** A watcher in the Worker's own runtime: collects the events of one connection, over a WebSocket or SSE. */
import type { Send } from './stash.ts'

export type ReceivedEvent = {
  type: 'snapshot' | 'change' | 'gone' | 'status'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, { at: string; to: string | null } | null>
  held?: number
  freezes?: { keys: string[] | null; until: string | null }[]
  /** In the answer to a long poll. */
  status?: Pick<ReceivedEvent, 'held' | 'freezes'>
}

export type Watcher = {
  events: ReceivedEvent[]
  /** Resolves when this many events have arrived. */
  until(count: number): Promise<ReceivedEvent[]>
  /** Resolves when the connection has closed, with the code of the WebSocket or 0 for a stream. */
  closed: Promise<number>
  stop(): void
}

/** `answered` sends a ping and resolves with the pong: everything that was sent before it has arrived by then. */
export type SocketWatcher = Watcher & { answered(): Promise<unknown> }

/** Computes the state that a client would have after these events. */
export function toState(events: ReceivedEvent[]): { revision: number; flags: Record<string, string> } {
  let flags: Record<string, string> = {}
  for (const { type, flags: all = {}, changes = {} } of events) {
    if (type === 'snapshot') flags = { ...all }
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete flags[key]
      else flags[key] = value
    }
  }
  return { revision: events.at(-1)?.revision ?? -1, flags }
}

function collector() {
  const events: ReceivedEvent[] = []
  let waiting: { count: number; resolve: (events: ReceivedEvent[]) => void }[] = []
  const add = (event: ReceivedEvent): void => {
    events.push(event)
    for (const { resolve } of waiting.filter(({ count }) => count <= events.length)) resolve(events)
    waiting = waiting.filter(({ count }) => count > events.length)
  }
  const until = (count: number) =>
    new Promise<ReceivedEvent[]>((resolve) => {
      if (events.length >= count) resolve(events)
      else waiting.push({ count, resolve })
    })
  return { events, add, until }
}

export async function watchSocket(
  send: Send,
  path: string,
  headers: Record<string, string> = {},
): Promise<SocketWatcher> {
  const response = await send(path, { headers: { Upgrade: 'websocket', ...headers } })
  const socket = response.webSocket
  if (socket === null) throw new Error(`no socket, but ${response.status}: ${await response.text()}`)
  const { events, add, until } = collector()
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.addEventListener('message', ({ data }) => {
    if (data !== 'pong') add(JSON.parse(String(data)) as ReceivedEvent)
  })
  socket.accept()
  const answered = () =>
    new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => data === 'pong' && resolve(null))
      socket.send('ping')
    })
  return { events, until, closed, answered, stop: () => socket.close(1000) }
}

export async function watchStream(send: Send, path: string, headers: Record<string, string> = {}): Promise<Watcher> {
  const leaving = new AbortController()
  const response = await send(path, { headers, signal: leaving.signal })
  if (response.status !== 200 || response.body === null) throw new Error(`no stream, but ${response.status}`)
  const { events, add, until } = collector()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const closed = readAll(reader, add)
  return { events, until, closed, stop: () => leaving.abort() }
}

async function readAll(
  reader: ReadableStreamDefaultReader<string>,
  add: (event: ReceivedEvent) => void,
): Promise<number> {
  let text = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }))
    if (done) return 0
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, id, type, data] = /^(?:id: (\d+)\n)?event: (\w+)\ndata: (.*)$/.exec(block) ?? []
      if (data === undefined) continue
      const event = JSON.parse(data) as ReceivedEvent
      const isIdRight = type === 'status' ? id === undefined : event.revision === Number(id)
      if (event.type !== type || !isIdRight) throw new Error(`a block that contradicts itself: ${block}`)
      add(event)
    }
  }
}
