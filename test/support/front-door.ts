/** The Worker's own fetch handler, as a request from outside reaches it. */
import { env, exports } from 'cloudflare:workers'
import { freshStash, type Send, type Stash } from './stash.ts'

export const send: Send = (path, init) => exports.default.fetch(new Request(`https://flags.test/api${path}`, init))

export const newStash = (spec?: object): Promise<Stash> => freshStash(send, spec)

export const objectOf = (stash: { id: string }) => env.STASH.get(env.STASH.idFromString(stash.id))
