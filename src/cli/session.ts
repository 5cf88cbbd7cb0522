/**
 * One stash, as the commands speak to it. A write carries an Idempotency-Key and is sent once more where nobody knows what
 * became of it; what cannot be repeated safely goes by `askOnce`.
 */
import { call, Failure, Refused, type Call, type Reply } from '../client/call.ts'
import { ask } from './ask.ts'
import type { Input } from './command.ts'
import { Misuse } from './exit.ts'
import type { Settings } from './settings.ts'

/** Refusals that say nothing of what was asked for: the service could not look. */
export const isOutage = ({ status }: Refused): boolean => status >= 500 && status !== 501

const isUncertain = (fault: unknown): boolean =>
  fault instanceof Failure || (fault instanceof Refused && fault.facts['applied'] === 'unknown')

/** Whether a change is on its way, for whoever presses Ctrl-C. */
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

  /** The stash's name where one cannot be looked up: the beginning of its id. */
  get shortName(): string {
    return this.settings.profile ?? this.settings.stash.slice(0, 8)
  }

  /** What only holders of a token may see. `path` stands under the stash: `/held`. */
  read<T>(path: string, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    return this.#call('GET', `/stash/${this.settings.stash}${path}`, { query })
  }

  /** What anyone may see, asked for as anyone: caches answer nobody else. Nothing for the stash itself. */
  readPublic<T>(path: string, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    return this.#callPublic('GET', `/stash/${this.settings.stash}${path}`, { query })
  }

  readItem(key: string): Promise<Reply<string>> {
    return this.#callPublic('GET', this.#item(key), { as: 'text' })
  }

  /** @param input where the command takes `--reason` and the like */
  change<T>(method: string, path: string, body: unknown, input: Input, more: Call = {}): Promise<Reply<T>> {
    return this.#repeatable(method, `/stash/${this.settings.stash}${path}`, { ...circumstancesOf(input, more), body })
  }

  changeItem<T>(method: string, key: string, value: string | undefined, input: Input): Promise<Reply<T>> {
    return this.#repeatable(method, this.#item(key), { ...circumstancesOf(input), body: value })
  }

  /** For what makes a secret: the service cannot give the same answer twice. */
  askOnce<T>(method: string, path: string, body: unknown, input: Input, more: Call = {}): Promise<Reply<T>> {
    return this.#guarded(() =>
      this.#call(method, `/stash/${this.settings.stash}${path}`, { ...circumstancesOf(input, more), body }),
    )
  }

  presign<T>(key: string, value: string, input: Input, query: NonNullable<Call['query']>): Promise<Reply<T>> {
    return this.#guarded(() =>
      this.#call('POST', `${this.#item(key)}/presign`, { ...circumstancesOf(input, { query }), body: value }),
    )
  }

  async #repeatable<T>(method: string, path: string, asked: Call): Promise<Reply<T>> {
    const headers = { ...asked.headers, 'Idempotency-Key': `cli-${crypto.randomUUID()}` }
    const send = (): Promise<Reply<T>> => this.#call<T>(method, path, { ...asked, headers })
    return this.#guarded(async () => {
      try {
        return await send()
      } catch (fault) {
        if (!isUncertain(fault)) throw fault
        return send()
      }
    })
  }

  async #guarded<T>(change: () => Promise<T>): Promise<T> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    changing = true
    try {
      return await change()
    } finally {
      changing = false
    }
  }

  #call<T>(method: string, path: string, asked: Call): Promise<Reply<T>> {
    const { url, token } = this.settings
    return call<T>({ url, fetch: ask, ...(token !== undefined && { token }) }, method, path, asked)
  }

  #callPublic<T>(method: string, path: string, asked: Call = {}): Promise<Reply<T>> {
    return call<T>({ url: this.settings.url, fetch: ask }, method, path, asked)
  }

  #item = (key: string): string => `/item/${this.settings.stash}/${encodeKey(key)}`
}

const NO_TOKEN = 'This takes a token: set SWITCHYARD_TOKEN, or keep one in a profile.'

/** What cannot stand in a path is no key. Whatever else is none, the service says. */
export function encodeKey(key: string): string {
  if (/^\.{0,2}$/.test(key))
    throw new Misuse(`"${key}" cannot be a key: 1 to 128 of A-Z a-z 0-9 . _ - and neither "." nor "..".`)
  return encodeURIComponent(key)
}

/** The options that a change takes, as the service takes them. */
function circumstancesOf(input: Input, { query = {}, headers = {} }: Call = {}): Call {
  const glass = input.text('break-glass')
  if (glass !== undefined && !/^[\x20-\x7e]+$/.test(glass)) {
    throw new Misuse('--break-glass goes in a header: letters, digits and signs of ASCII only.')
  }
  return {
    query: { reason: input.text('reason'), for: input.text('for'), at: input.text('at'), ...query },
    headers: { 'Break-Glass': glass, ...headers },
  }
}
