/** The stashes that the probe reads and writes, and what it leaves behind: nothing. */
import { randomBytes } from 'node:crypto'
import type { Client, Received } from './client.ts'

export type Options = {
  /** A stash of the caller, and its token. Null: the probe creates one. */
  existing: { id: string; token: string } | null
  adminToken: string | null
}

export class Stash {
  readonly id: string
  readonly token: string
  /** The probe deletes its own stashes, and only its keys in another one. */
  readonly isOwn: boolean
  readonly keys = new Set<string>()
  readonly #client: Client

  constructor(client: Client, { id, token }: { id: string; token: string }, isOwn: boolean) {
    this.#client = client
    this.id = id
    this.token = token
    this.isOwn = isOwn
  }

  /** Writes a flag, and returns its revision and when the answer came. */
  async put(key: string, value: string): Promise<{ revision: number; at: number }> {
    this.keys.add(key)
    const answer = await this.#client.send(`/item/${this.id}/${key}`, { method: 'PUT', token: this.token, body: value })
    const { revision } = parse<{ revision: number }>(answer, `PUT of ${key}`)
    return { revision, at: answer.receivedAt }
  }

  async remove(): Promise<void> {
    const { token } = this
    if (this.isOwn) return expectDone(await this.#client.send(`/stash/${this.id}`, { method: 'DELETE', token }))
    for (const key of this.keys) {
      expectDone(await this.#client.send(`/item/${this.id}/${key}`, { method: 'DELETE', token }))
    }
  }
}

export class Subjects {
  readonly #client: Client
  readonly #options: Options
  readonly #made: Stash[] = []

  constructor(client: Client, options: Options) {
    this.#client = client
    this.#options = options
  }

  /** Whether the probe may create stashes. */
  get mayCreate(): boolean {
    return this.#options.existing === null
  }

  /** The caller's stash, or a new one. Throws where it cannot be created. */
  async take(profile: 'safeguarded' | 'wrendb' = 'safeguarded'): Promise<Stash> {
    const { existing, adminToken } = this.#options
    if (existing !== null) return this.#keep(new Stash(this.#client, existing, false))
    const body = JSON.stringify({ name: `probe ${randomBytes(3).toString('hex')}`, profile })
    const token = adminToken === null ? {} : { token: adminToken }
    const answer = await this.#client.send('/stash', { method: 'POST', body, ...token })
    const { stash_id: id, master_token } = parse<{ stash_id: string; master_token: string }>(answer, CREATION)
    return this.#keep(new Stash(this.#client, { id, token: master_token }, true))
  }

  /** Deletes what the probe has made. Returns what is left, as sentences. */
  async cleanUp(): Promise<string[]> {
    const left: string[] = []
    for (const stash of this.#made.splice(0)) {
      await stash.remove().catch((error: Error) => left.push(`stash ${stash.id}: ${error.message}`))
    }
    return left
  }

  #keep(stash: Stash): Stash {
    this.#made.push(stash)
    return stash
  }
}

const CREATION =
  'POST /stash (set ADMIN_TOKEN in the environment, or name a stash by --stash, and its token in SWITCHYARD_TOKEN)'

/** The JSON of a 200. */
export function parse<T>({ status, body }: Received, what: string): T {
  if (status !== 200) throw new Error(`${what} answered ${status}: ${body.slice(0, 300)}`)
  // The service's contract.
  return JSON.parse(body) as T
}

function expectDone({ status, body }: Received): void {
  if (status !== 200) throw new Error(`DELETE answered ${status}: ${body.slice(0, 300)}`)
}
