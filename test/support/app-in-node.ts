/**
 * Runs the HTTP app in Node on top of the real write and query code and an SQLite in memory, so that unit tests can send
 * requests without workerd.
 */
import { afterEach, beforeEach, vi } from 'vitest'
import { app } from '../../src/http/app.ts'
import type { App } from '../../src/http/scope.ts'
import type { Command, Credential } from '../../src/model/intent.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../../src/model/access/token.ts'
import { apply } from '../../src/stash/write/apply.ts'
import { answerQuery, type Query } from '../../src/stash/query/query.ts'
import { createStash, type StashSpec } from '../../src/stash/write/create-stash.ts'
import { rollBack } from '../../src/stash/write/roll-back.ts'
import { composeSnapshot } from '../../src/stash/publish/compose-snapshot.ts'
import { getStash } from '../../src/stash/tables/stash-row.ts'
import { WriteRateLimiter } from '../../src/stash/write/write-rate-limiter.ts'
import { toHash, makeTables } from './tables.ts'

export const TOKEN = mintToken(TOKEN_PREFIX, new Uint8Array(SEED_BYTES))
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
let stashes = 0

export function createAppWithStash(profile: StashSpec['profile'] = 'safeguarded') {
  const id = String(++stashes).padStart(64, 'b')
  const sql = makeTables()
  const rate = new WriteRateLimiter()
  createStash(sql, id, { name: 'n', description: null, profile, masterHash: toHash(TOKEN) }, NOW)
  const object = {
    apply: async (command: Command) => {
      const change = () => apply(sql, command, Date.now(), rate)
      return command.dryRun === true ? rollBack(sql, change) : change()
    },
    ask: async (credential: Credential, question: Query) =>
      answerQuery(sql, id, credential, question, Date.now(), () => {
        throw new Error('this query needs the runtime')
      }),
    vouch: async () => getStash(sql).revision,
    snapshot: async () => composeSnapshot(sql, id, Date.now()).text,
  }
  const allowed = { limit: async () => ({ success: true }) }
  const env = {
    STASH: { idFromString: (text: string) => text, get: () => object },
    SNAPSHOTS: { get: async () => null },
    READ_MODE: 'vouched',
    FAILED_LOGINS: allowed,
    CREATIONS: allowed,
    WATCHES: allowed,
  }
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const init = {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
      ...(text !== undefined && { body: text }),
    }
    const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
    // The app uses only these bindings.
    const bindings = env as unknown as App['Bindings']
    const response = await app.fetch(
      new Request(`https://flags.test${path}`, init),
      bindings,
      context as unknown as ExecutionContext,
    )
    const read = await response.text()
    const json = read.startsWith('{') ? (JSON.parse(read) as Record<string, unknown>) : {}
    return { status: response.status, headers: response.headers, text: read, body: json }
  }
  const put = (key: string, value: string, query = '') => send('PUT', `/item/${id}/${key}${query}`, value)
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    send(method, `/stash/${id}${path}`, body, headers)
  return { id, sql, env, send, put, call }
}

/** Sets the clock to NOW, stubs `scheduler` and silences the log, before every test of a file. */
export function useFixedClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW })
    vi.stubGlobal('scheduler', { wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) })
    for (const name of ['log', 'warn', 'error'] as const) vi.spyOn(console, name).mockImplementation(() => {})
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
}
