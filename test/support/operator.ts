/** A client of a stash with one token. Each call returns the status, the headers and the parsed body. */
import type { Send, Stash } from './stash.ts'

/** Returns a time for a scheduled change that is not due during a test. */
export const nextWeek = (): string => new Date(Date.now() + 7 * 24 * 60 * 60_000).toISOString()

export type Reply = { status: number; headers: Headers; body: Record<string, unknown> & { code?: string } }

export type Operator = {
  token: string
  /** @param path relative to the stash: `/guards/a` @param body is sent as JSON, unless it is a string */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** Writes an item: `set('a', '1', 'for=30m')`. */
  set(key: string, value: string, query?: string, headers?: Record<string, string>): Promise<Reply>
  /** Grants a token, and returns an operator who holds it. */
  grant(spec: { label?: string; can: string[]; keys?: string[]; expires_in?: string }): Promise<Operator>
  held(): Promise<{ held_id: string; kind: string; waits_for: string; keys: string[]; [fact: string]: unknown }[]>
  history(query?: string): Promise<Entry[]>
}

export type Entry = {
  revision: number
  kind: string
  who: string
  reason: string | null
  changes: { key: string; before: string | null; after: string | null }[]
  [detail: string]: unknown
}

/** Labels must be unique within a stash. */
let granted = 1

export function operatorOf(send: Send, { id }: Pick<Stash, 'id'>, token: string): Operator {
  const ask = async (method: string, path: string, body: unknown, extra: Record<string, string>): Promise<Reply> => {
    const headers = { Authorization: `Bearer ${token}`, ...extra }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await send(path, { method, headers, ...(body !== undefined && { body: text }) })
    const read = await answer.text()
    const parsed = read.startsWith('{') ? (JSON.parse(read) as Reply['body']) : { text: read }
    return { status: answer.status, headers: answer.headers, body: parsed }
  }
  const call: Operator['call'] = (method, path, body, headers = {}) => ask(method, `/stash/${id}${path}`, body, headers)
  return {
    token,
    call,
    set: (key, value, query = '', headers = {}) => ask('PUT', `/item/${id}/${key}?${query}`, value, headers),
    grant: async (spec) => {
      const made = await call('POST', '/tokens', { label: `second ${granted++}`, ...spec })
      if (made.status !== 200) throw new Error(`POST /tokens answered ${JSON.stringify(made.body)}`)
      return operatorOf(send, { id }, String(made.body['token']))
    },
    held: async () => (await call('GET', '/held')).body['held'] as Awaited<ReturnType<Operator['held']>>,
    history: async (query = '') => (await call('GET', `/history?${query}`)).body['entries'] as Entry[],
  }
}
