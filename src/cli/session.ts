/**
 * One stash, as the commands speak to it. A write carries an Idempotency-Key and is sent once more where nobody knows what
 * became of it; what cannot be repeated safely goes by `makeSecret`.
 */
import { call, Failure, isChangeAnswer, mayBeApplied, Refused, wordStranger } from '../client/call.ts'
import type { Call, Reply } from '../client/call.ts'
import { ADVICE, wordedChange, wordedRepeat } from './change-failed.ts'
import { ask } from './ask.ts'
import type { Input } from './command.ts'
import { Misuse } from './exit.ts'
import type { Settings } from './settings.ts'
import { fits, type Shape } from './shape.ts'

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
  async read<T>(path: string, shape: Shape, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    return this.#demand(await this.#call<T>('GET', `/stash/${this.settings.stash}${path}`, { query }), shape)
  }

  /** What anyone may see, asked for as anyone: caches answer nobody else. Nothing for the stash itself. */
  async readPublic<T>(path: string, shape: Shape, query: NonNullable<Call['query']> = {}): Promise<Reply<T>> {
    return this.#demand(await this.#callPublic<T>('GET', `/stash/${this.settings.stash}${path}`, { query }), shape)
  }

  /** A value may be any text; by its headers it is told from whatever else answers there. */
  async readItem(key: string): Promise<Reply<string>> {
    const reply = await this.#callPublic<string>('GET', this.#item(key), { as: 'text' })
    const revision = reply.headers.get('Switchyard-Revision') ?? ''
    const version = reply.headers.get('ETag') ?? ''
    if (/^\d+$/.test(revision) || /^(?:W\/)?"\d+"$/.test(version)) return reply
    throw new Failure(wordStranger(this.settings.url))
  }

  /** A change that is only tried: what would come of it. */
  async preview<T>(path: string, body: unknown, input: Input, more: Call, shape: Shape): Promise<Reply<T>> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    const asked = { ...circumstancesOf(input, more), body }
    return this.#demand(await this.#call<T>('POST', `/stash/${this.settings.stash}${path}`, asked), shape)
  }

  /** @param input where the command takes `--reason` and the like */
  change<T>(method: string, path: string, body: unknown, input: Input, more: Call = {}): Promise<Reply<T>> {
    return this.#repeatable(method, `/stash/${this.settings.stash}${path}`, { ...circumstancesOf(input, more), body })
  }

  changeItem<T>(method: string, key: string, value: string | undefined, input: Input): Promise<Reply<T>> {
    return this.#repeatable(method, this.#item(key), { ...circumstancesOf(input), body: value })
  }

  /** For what makes a secret: the service cannot give the same answer twice. */
  makeSecret<T>(path: string, body: unknown, input: Input, advice: string): Promise<Reply<T>> {
    const send = async (): Promise<Reply<T>> => {
      const asked = { ...circumstancesOf(input), body }
      const reply = await this.#call<T>('POST', `/stash/${this.settings.stash}${path}`, asked)
      return this.#demand(reply, { token_id: 'string', token: 'string' })
    }
    return this.#guarded(send, advice)
  }

  presign<T>(key: string, value: string, input: Input, query: NonNullable<Call['query']>): Promise<Reply<T>> {
    const asked = { ...circumstancesOf(input, { query }), body: value }
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
      if (!isChangeAnswer(reply.body)) throw new Failure(wordStranger(this.settings.url))
      return reply
    }
    return this.#guarded(async () => {
      try {
        return await send()
      } catch (fault) {
        if (fault instanceof Refused && !mayBeApplied(fault)) throw fault
        return send().catch((again: unknown) => {
          throw mayBeApplied(fault) ? wordedRepeat(again) : again
        })
      }
    })
  }

  async #guarded<T>(change: () => Promise<T>, advice = ADVICE): Promise<T> {
    if (!this.hasToken) throw new Misuse(NO_TOKEN)
    changing = true
    try {
      return await change()
    } catch (fault) {
      throw wordedChange(fault, advice)
    } finally {
      changing = false
    }
  }

  #demand<T>(reply: Reply<T>, shape: Shape): Reply<T> {
    if (fits(reply.body, shape)) return reply
    throw new Failure(wordStranger(this.settings.url))
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

export const NO_TOKEN = 'This takes a token: set SWITCHYARD_TOKEN, or keep one in a profile.'

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
