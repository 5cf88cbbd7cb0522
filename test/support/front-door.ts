/** The Worker's own fetch handler, as a request from outside reaches it. */
import { env, exports } from 'cloudflare:workers'
import { operatorOf, type Operator } from './operator.ts'
import { freshStash, type Send, type Stash } from './stash.ts'

export const send: Send = (path, init) => exports.default.fetch(new Request(`https://flags.test/api${path}`, init))

export const newStash = (spec?: object): Promise<Stash> => freshStash(send, spec)

export const objectOf = (stash: { id: string }) => env.STASH.get(env.STASH.idFromString(stash.id))

/** A stash with the holder of its master token. */
export async function newOperator(spec?: object): Promise<{ stash: Stash; master: Operator }> {
  const stash = await newStash(spec)
  return { stash, master: operatorOf(send, stash, stash.token) }
}
