/** A watcher in the Worker's own runtime: the events of one stream, as they come, however they come. */
import type { Send } from './stash.ts'

export type Told = {
  type: 'snapshot' | 'change' | 'gone'
  revision: number
  flags?: Record<string, string>
  changes?: Record<string, string | null>
  reverts?: Record<string, { at: string; to: string | null } | null>
}

export type Watcher = {
  told: Told[]
  /** Resolves once so many events have come. */
  until(count: number): Promise<Told[]>
  /** The code it was closed with; null while it is open. */
  closed: Promise<number>
  stop(): void
}

/** A socket can be asked whether everything that was sent before now has come. */
export type SocketWatcher = Watcher & { answered(): Promise<unknown> }

/** What a client would hold after all it has been told. */
export function stateOf(told: Told[]): { revision: number; flags: Record<string, string> } {
  let flags: Record<string, string> = {}
  for (const { type, flags: all = {}, changes = {} } of told) {
    if (type === 'snapshot') flags = { ...all }
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete flags[key]
      else flags[key] = value
    }
  }
  return { revision: told.at(-1)?.revision ?? -1, flags }
}

function collector() {
  const told: Told[] = []
  let waiting: { count: number; resolve: (told: Told[]) => void }[] = []
  const take = (event: Told): void => {
    told.push(event)
    for (const { resolve } of waiting.filter(({ count }) => count <= told.length)) resolve(told)
    waiting = waiting.filter(({ count }) => count > told.length)
  }
  const until = (count: number) =>
    new Promise<Told[]>((resolve) => {
      if (told.length >= count) resolve(told)
      else waiting.push({ count, resolve })
    })
  return { told, take, until }
}

export async function watchSocket(
  send: Send,
  path: string,
  headers: Record<string, string> = {},
): Promise<SocketWatcher> {
  const response = await send(path, { headers: { Upgrade: 'websocket', ...headers } })
  const socket = response.webSocket
  if (socket === null) throw new Error(`no socket, but ${response.status}: ${await response.text()}`)
  const { told, take, until } = collector()
  const closed = new Promise<number>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.addEventListener('message', ({ data }) => {
    if (data !== 'pong') take(JSON.parse(String(data)) as Told)
  })
  socket.accept()
  const answered = () =>
    new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => data === 'pong' && resolve(null))
      socket.send('ping')
    })
  return { told, until, closed, answered, stop: () => socket.close(1000) }
}

export async function watchStream(send: Send, path: string, headers: Record<string, string> = {}): Promise<Watcher> {
  const leaving = new AbortController()
  const response = await send(path, { headers, signal: leaving.signal })
  if (response.status !== 200 || response.body === null) throw new Error(`no stream, but ${response.status}`)
  const { told, take, until } = collector()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const closed = readAll(reader, take)
  return { told, until, closed, stop: () => leaving.abort() }
}

async function readAll(reader: ReadableStreamDefaultReader<string>, take: (event: Told) => void): Promise<number> {
  let text = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }))
    if (done) return 0
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, id, type, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? []
      if (data === undefined) continue
      const event = JSON.parse(data) as Told
      if (event.type !== type || event.revision !== Number(id))
        throw new Error(`a block that contradicts itself: ${block}`)
      take(event)
    }
  }
}
