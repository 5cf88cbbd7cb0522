/**
 * The requests of the commands to one stash. A change carries an Idempotency-Key, and is sent once more if its outcome is not
 * known. Requests that create a secret cannot be repeated: they go through `makeSecret`.
 */
import { call, isChangeAnswer, notSwitchyardMessage, type Call, type Reply } from '../../client/call.ts'
import { NoAnswerError, RefusedError } from '../../client/errors.ts'
import { nodeFetch } from './node-fetch.ts'
import type { Input } from '../input/input.ts'
import { Misuse } from '../exit.ts'
import type { Settings } from '../config/settings.ts'
import { fits, type Shape } from './shape.ts'

/** Whether a change is under way: Ctrl-C then says that its outcome is not known. */
let changing = false
export const isChanging = (): boolean => changing

export class Session {
  readonly settings: Settings

  constructor(settings: Settings) {
    this.settings = settings
  }

  get hasToken(): boolean {
    return this.settings.token !== undefined
  }

  /** A name without a request: the profile, or the beginning of the id. */
  get shortName(): string {
    return this.settings.profile ?? this.settings.stash.slice(0, 8)
  }

  /** A read that takes a token. @param path below the stash: `/held` */
  async read<T>(path: string, shape: Shape, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    return this.#demand(await this.#call<T>('GET', `/stash/${this.settings.stash}${path}`, { query }), shape)
  }

  /** A public read, sent without the token: caches do not answer requests that carry one. An empty path is the stash. */
  async readPublic<T>(path: string, shape: Shape, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    return this.#demand(await this.#callPublic<T>('GET', `/stash/${this.settings.stash}${path}`, { query }), shape)
  }

  /** A value may be any text, so only the headers show that Switchyard answered. */
  async readItem(key: string): Promise<Reply<string>> {
    const reply = await this.#callPublic<string>('GET', this.#item(key), { as: 'text' })
    const revision = reply.headers.get('Switchyard-Revision') ?? ''
    const version = reply.headers.get('ETag') ?? ''
    if (/^\d+$/.test(revision) || /^(?:W\/)?"\d+"$/.test(version)) return reply
    throw new NoAnswerError(notSwitchyardMessage(this.settings.url))
  }

  /** A dry run. */
  async preview<T>(path: string, body: unknown, input: Input, more: Call, shape: Shape): Promise<Reply<T>> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    const asked = { ...toCallOptions(input, more), body }
    return this.#demand(await this.#call<T>('POST', `/stash/${this.settings.stash}${path}`, asked), shape)
  }

  /** @param input where the command takes `--reason` and the like */
  change<T>(method: string, path: string, body: unknown, input: Input, more: Call = {}): Promise<Reply<T>> {
    return this.#repeatable(method, `/stash/${this.settings.stash}${path}`, { ...toCallOptions(input, more), body })
  }

  changeItem<T>(method: string, key: string, value: string | undefined, input: Input): Promise<Reply<T>> {
    return this.#repeatable(method, this.#item(key), { ...toCallOptions(input), body: value })
  }

  /** Sent once: the service stores no secret, so it cannot repeat the answer. */
  makeSecret<T>(path: string, body: unknown, input: Input, advice: string): Promise<Reply<T>> {
    const send = async (): Promise<Reply<T>> => {
      const asked = { ...toCallOptions(input), body }
      const reply = await this.#call<T>('POST', `/stash/${this.settings.stash}${path}`, asked)
      return this.#demand(reply, { token_id: 'string', token: 'string' })
    }
    return this.#guarded(send, advice)
  }

  presign<T>(key: string, value: string, input: Input, query: NonNullable<Call['query']>): Promise<Reply<T>> {
    const asked = { ...toCallOptions(input, { query }), body: value }
    return this.#guarded(async () =>
      this.#demand(await this.#call<T>('POST', `${this.#item(key)}/presign`, asked), {
        url: 'string',
        held_id: 'string',
      }),
    )
  }

  async #repeatable<T>(method: string, path: string, asked: Call): Promise<Reply<T>> {
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
      const { retryIdempotent } = await import('../../client/outcome.ts')
      return retryIdempotent(send, shouldRetry)
    })
  }

  async #guarded<T>(change: () => Promise<T>, advice?: string): Promise<T> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
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
    const { url, token } = this.settings
    return call<T>({ url, fetch: nodeFetch, ...(token !== undefined && { token }) }, method, path, asked)
  }

  #callPublic<T>(method: string, path: string, asked: Call = {}): Promise<Reply<T>> {
    return call<T>({ url: this.settings.url, fetch: nodeFetch }, method, path, asked)
  }

  #item = (key: string): string => `/item/${this.settings.stash}/${encodeKey(key)}`
}

export const NO_TOKEN = 'This takes a token: set SWITCHYARD_TOKEN, or keep one in a profile.'

/** Refuses what cannot be in a path. The service checks the rest. */
export function encodeKey(key: string): string {
  if (/^\.{0,2}$/.test(key))
    throw new Misuse(`"${key}" cannot be a key: 1 to 128 of A-Z a-z 0-9 . _ - and neither "." nor "..".`)
  return encodeURIComponent(key)
}

/** The options of a change as query parameters and headers. */
function toCallOptions(input: Input, { query = {}, headers = {} }: Call = {}): Call {
  const glass = input.text('break-glass')
  if (glass !== undefined && !/^[\x20-\x7e]+$/.test(glass)) {
    throw new Misuse('--break-glass goes in a header: letters, digits and signs of ASCII only.')
  }
  return {
    query: { reason: input.text('reason'), for: input.text('for'), at: input.text('at'), ...query },
    headers: { 'Break-Glass': glass, ...headers },
  }
}
