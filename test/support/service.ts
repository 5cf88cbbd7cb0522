/** The running service, over the network. */
import { inject } from 'vitest'
import { freshStash, type Send, type Stash } from './stash.ts'

export const url = inject('url')

export const send: Send = (path, init) => fetch(`${url}/api${path}`, init)

export const newStash = (spec?: object): Promise<Stash> => freshStash(send, spec)
