/** Runs a hub in Node with stand-ins for its storage, its sockets and its stash. The test file must mock `cloudflare:workers`. */
import { beforeEach, vi } from 'vitest'
import { HubObject } from '../../src/live/hub-object.ts'
import { serializeHubOpening } from '../../src/live/opening.ts'
import type { Missed, WatchEvent } from '../../src/model/snapshot/watch-event.ts'
import type { WatchStatus } from '../../src/model/snapshot/watch-status.ts'

type Ask = { after: number | null; filter: unknown; form: string; hub: { name: string; told: number } | null }

export class SocketStub {
  readonly sent: string[] = []
  closedWith: number | null = null
  #attachment: unknown = null
  send(text: string): void {
    this.sent.push(text)
  }
  close(code: number): void {
    this.closedWith = code
  }
  serializeAttachment(attachment: unknown): void {
    this.#attachment = structuredClone(attachment)
  }
  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment)
  }
}

export function makeHub() {
  const stored = new Map<string, unknown>()
  const sockets: { socket: SocketStub; tags: string[] }[] = []
  const open = () => sockets.filter(({ socket }) => socket.closedWith === null)
  const ctx = {
    storage: {
      kv: {
        get: (name: string) => stored.get(name),
        put: (name: string, value: unknown) => stored.set(name, value),
        delete: (name: string) => stored.delete(name),
      },
      setAlarm: async () => {},
      deleteAll: async () => stored.clear(),
    },
    setWebSocketAutoResponse: () => {},
    getWebSockets: (tag?: string) =>
      open().flatMap(({ socket, tags }) => (tag === undefined || tags.includes(tag) ? socket : [])),
    acceptWebSocket: (socket: SocketStub, tags: string[]) => void sockets.push({ socket, tags }),
    getWebSocketAutoResponseTimestamp: () => null,
  }
  const questions: Ask[] = []
  /** Those of each answer. */
  const headers: unknown[] = []
  const stash = {
    head: 0 as number | null,
    knownUpTo: Infinity,
    hubs: 1,
    subscriptions: [] as string[],
    /** What has happened since, or null if the stash was deleted: as the stash answers. */
    missed: async ({ after, form }: Ask): Promise<Missed | null> => {
      const { head, knownUpTo, hubs } = stash
      if (head === null) return null
      if (form === 'texts') return { head, events: [], texts: [], hubs }
      const isReplayed = after !== null && after <= head && head - after <= 100
      const events = isReplayed
        ? Array.from({ length: head - after }, (_, i) => change(after + i + 1))
        : [{ ...change(head), type: 'snapshot' as const }]
      return { head, events, knownUpTo, hubs }
    },
    subscribe: async (name: string) => (stash.subscriptions.push(name), stash.head),
  }
  const stub = {
    subscribe: (name: string) => stash.subscribe(name),
    missed: (after: Ask['after'], filter: unknown, form: string, hub: Ask['hub']) => {
      const ask = { after, filter, form, hub }
      questions.push(ask)
      return stash.missed(ask)
    },
  }
  const env = { STASH: { idFromString: (id: string) => id, get: (id: string) => (id === 'the-stash' ? stub : null) } }
  // A hub uses only these parts of the state and of the bindings.
  const wake = () => new HubObject(ctx as unknown as DurableObjectState, env as unknown as Env)
  let hub = wake()
  const join = async (
    query = '',
    opening: { address?: string; counted?: boolean; limit?: number; returning?: boolean } = {},
  ) => {
    const { address = null, counted = false, limit = 100, returning = false } = opening
    const sent = serializeHubOpening({ stashId: 'the-stash', name: 'the-hub', address, counted, limit, returning })
    const response = (await hub.fetch(new Request(`http://hub/?${query}`, { headers: sent }))) as Response & {
      text(): Promise<string>
    }
    const { status, text } = response
    headers.push(response.headers)
    return { status, socket: sockets.at(-1)?.socket, body: status === 200 ? await text() : null }
  }
  const sleepAndWake = () => void (hub = wake())
  return {
    stash,
    questions,
    headers,
    stored,
    sockets,
    alarm: () => hub.alarm(),
    join,
    sleepAndWake,
    tell: (events: WatchEvent[], status?: WatchStatus) => hub.tell(events, status),
  }
}

export const change = (revision: number, key = 'a'): WatchEvent => ({
  type: 'change',
  revision,
  values: [{ key, value: String(revision) }],
})
export const getSent = (socket: SocketStub | undefined) =>
  (socket?.sent ?? []).map((text) => (text.startsWith('{') ? (JSON.parse(text) as WatchEvent).revision : text))

/** Stubs the globals that a hub uses, before every test of a file. */
export function useHubStubs(): void {
  beforeEach(() => {
    vi.stubGlobal(
      'Response',
      class {
        readonly status: number
        readonly #body: string | null
        readonly headers: unknown
        constructor(body: string | null, init: { status?: number; headers?: unknown } = {}) {
          this.headers = init.headers
          this.#body = body
          this.status = init.status ?? 200
        }
        text = async () => this.#body
      },
    )
    vi.stubGlobal('WebSocketRequestResponsePair', function Pair() {})
    vi.stubGlobal(
      'WebSocketPair',
      class {
        0 = {}
        1 = new SocketStub()
      },
    )
    vi.stubGlobal('scheduler', {
      wait: (ms: number, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, ms)
          signal?.addEventListener('abort', () => (clearTimeout(timer), reject(new Error('aborted'))))
        }),
    })
    return () => vi.unstubAllGlobals()
  })
}
