/**
 * The requests of the commands to one stash. A change carries an Idempotency-Key, and is sent once more if its outcome is not
 * known. Requests that create a secret cannot be repeated: they go through `sendOnce`.
 */
import {
  call,
  isChangeAnswer,
  notSwitchyardMessage,
  type Call,
  type FetchLike,
  type Reply,
} from '../../client/requests/call.ts'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import type { Settings } from '../config/settings.ts'
import { Misuse } from '../exit.ts'
import { nodeFetch } from './node-fetch.ts'
import { fits, type Shape } from './shape.ts'

type Query = NonNullable<Call['query']>

/** Whether a change is under way: Ctrl-C then says that its outcome is not known. */
let changing = false
export const isChanging = (): boolean => changing

/** How the requests are sent, where a command asks several stashes at once. */
export type Transport = { fetch?: FetchLike; /** Ends every request that is under way. */ signal?: AbortSignal }

export class Session {
  readonly settings: Settings
  readonly #transport: Transport

  constructor(settings: Settings, transport: Transport = {}) {
    this.settings = settings
    this.#transport = transport
  }

  get hasToken(): boolean {
    return this.settings.token !== undefined
  }

  /** The name of the stash in answers. */
  get label(): string {
    return this.settings.label
  }

  /** @param path below the stash: `/held` */
  path(path: string): string {
    return `/stash/${this.settings.stash}${path}`
  }

  itemPath(key: string): string {
    return `/item/${this.settings.stash}/${encodeKey(key)}`
  }

  /** A read that takes a token. @param path below the stash */
  async read<T>(path: string, shape: Shape, query: Query = {}, deadlineMs?: number): Promise<Reply<T>> {
    this.#demandToken()
    const asked = { query, ...(deadlineMs !== undefined && { deadlineMs }) }
    return this.#demand(await this.#call<T>('GET', this.path(path), asked), shape)
  }

  /** A public read, sent without the token: caches do not answer requests that carry one. An empty path is the stash. */
  async readPublic<T>(path: string, shape: Shape, query: Query = {}, deadlineMs?: number): Promise<Reply<T>> {
    const asked = { query, ...(deadlineMs !== undefined && { deadlineMs }) }
    return this.#demand(await this.#callPublic<T>('GET', this.path(path), asked), shape)
  }

  /** A value may be any text, so only the headers show that Switchyard answered. */
  async readItem(key: string): Promise<Reply<string>> {
    const reply = await this.#callPublic<string>('GET', this.itemPath(key), { as: 'text' })
    const revision = reply.headers.get('Switchyard-Revision') ?? ''
    const version = reply.headers.get('ETag') ?? ''
    if (/^\d+$/.test(revision) || /^(?:W\/)?"\d+(?:\+r)?"$/.test(version)) return reply
    throw new NoAnswerError(notSwitchyardMessage(this.settings.url))
  }

  /** Asks what a change would do. @param path from `path` or `itemPath` */
  async dryRun<T>(method: string, path: string, asked: Call, shape: Shape): Promise<Reply<T>> {
    this.#demandToken()
    const query = { ...asked.query, dry_run: 1 }
    return this.#demand(await this.#call<T>(method, path, { ...asked, query }), shape)
  }

  /** @param path from `path` or `itemPath` */
  async change<T>(method: string, path: string, asked: Call): Promise<Reply<T>> {
    const headers = { ...asked.headers, 'Idempotency-Key': `cli-${crypto.randomUUID()}` }
    const send = async (): Promise<Reply<T>> => {
      const reply = await this.#call<T>(method, path, { ...asked, headers })
      if (!isChangeAnswer(reply.body)) throw new NoAnswerError(notSwitchyardMessage(this.settings.url))
      return reply
    }
    const shouldRetry = (fault: unknown, attempt: number): boolean =>
      attempt === 1 && !(fault instanceof RefusedError && fault.applied === 'no')
    return this.#guarded(async () => {
      // Loaded here, because a read does not need it, and each module delays the start of a command.
      const { retryIdempotent } = await import('../../client/requests/outcome.ts')
      return retryIdempotent(send, shouldRetry)
    })
  }

  /**
   * Sent once: the service stores no secret, so it cannot repeat the answer.
   * @param advice how to find out what happened, if there is no answer
   */
  sendOnce<T>(path: string, asked: Call, shape: Shape, advice?: string): Promise<Reply<T>> {
    return this.#guarded(async () => this.#demand(await this.#call<T>('POST', path, asked), shape), advice)
  }

  #demandToken(): void {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
  }

  async #guarded<T>(change: () => Promise<T>, advice?: string): Promise<T> {
    this.#demandToken()
    changing = true
    try {
      return await change()
    } catch (fault) {
      const { toChangeFailed } = await import('./change-failed.ts')
      throw toChangeFailed(fault, advice)
    } finally {
      changing = false
    }
  }

  #demand<T>(reply: Reply<T>, shape: Shape): Reply<T> {
    if (fits(reply.body, shape)) return reply
    throw new NoAnswerError(notSwitchyardMessage(this.settings.url))
  }

  #call<T>(method: string, path: string, asked: Call): Promise<Reply<T>> {
    return this.#send<T>(this.settings.token, method, path, asked)
  }

  #callPublic<T>(method: string, path: string, asked: Call = {}): Promise<Reply<T>> {
    return this.#send<T>(undefined, method, path, asked)
  }

  #send<T>(token: string | undefined, method: string, path: string, asked: Call): Promise<Reply<T>> {
    const { url } = this.settings
    const { fetch = nodeFetch, signal } = this.#transport
    const target = { url, fetch, ...(token !== undefined && { token }) }
    return call<T>(target, method, path, { ...(signal !== undefined && { signal }), ...asked })
  }
}

export const NO_TOKEN = 'This takes a token: "switchyard login" keeps one in a profile, or set SWITCHYARD_TOKEN.'

/** Refuses what cannot be in a path. The service checks the rest. */
export function encodeKey(key: string): string {
  if (/^\.{0,2}$/.test(key))
    throw new Misuse(`"${key}" cannot be a key: 1 to 128 of A-Z a-z 0-9 . _ - and neither "." nor "..".`)
  return encodeURIComponent(key)
}
