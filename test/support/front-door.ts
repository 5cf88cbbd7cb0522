/** Sends requests to the Worker's own fetch handler, and creates stashes through it. */
import { env, exports } from 'cloudflare:workers'
import { operatorOf, type Operator } from './operator.ts'
import { freshStash, type Send, type Stash } from './stash.ts'

export const send: Send = (path, init) => exports.default.fetch(new Request(`https://flags.test/api${path}`, init))

export const newStash = (spec?: object): Promise<Stash> => freshStash(send, spec)

export const getObject = (stash: { id: string }) => env.STASH.get(env.STASH.idFromString(stash.id))

/** Creates a stash, and an operator who holds its master token. */
export async function newOperator(spec?: object): Promise<{ stash: Stash; master: Operator }> {
  const stash = await newStash(spec)
  return { stash, master: operatorOf(send, stash, stash.token) }
}
