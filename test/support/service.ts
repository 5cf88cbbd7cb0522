/** Sends requests to the running service over the network. */
import { inject } from 'vitest'
import { freshStash, sendTo, type Stash } from './stash.ts'

export const url = inject('url')

export const send = sendTo(url)

export const newStash = (spec?: object): Promise<Stash> => freshStash(send, spec)
