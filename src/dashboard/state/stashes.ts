/** The stashes that the page has open: each is watched once, whatever pages show it. */
import { signal } from '@preact/signals'
import { withTimeout } from '../../client/timers.ts'
import { callApi, isStashId, isStashMissing } from '../api/call.ts'
import { API } from '../api/connection.ts'
import type { StashFacts } from '../api/answer-types.ts'
import { dropToken, loadToken, saveToken } from './browser/credentials.ts'
import { remember } from './browser/known-stashes.ts'
import { warning } from './signals.ts'
import { Stash } from './stash.ts'

const open = new Map<string, Stash>()

/** The ids of slugs, as they were first resolved: a page keeps to the stash that it saw. null: it is being asked. */
const slugs = signal(new Map<string, string | { problem: string } | null>())

/** Opens the stash, or returns the one that is open. */
function openStash(id: string): Stash {
  const known = open.get(id)
  if (known !== undefined) return known
  const stash = new Stash(id, loadToken(id))
  open.set(id, stash)
  void whenRead().then(() => stash.follow())
  stash.onTokenEnd = (why) => endToken(stash, `${why} ${stash.name()} is read-only now.`)
  stash.changed.subscribe(() => {
    const { facts } = stash.content
    if (facts !== null && open.get(id) === stash) remember(id, { slug: facts.slug, name: facts.name }, false)
  })
  return stash
}

/** The first read of one stash may delay the details of the others for this long. */
const READ_MAX_MS = 1_000

/** Resolves once the values of every stash that is open were read. They come first: the rest can wait for a moment. */
export async function whenRead(): Promise<void> {
  // The page opens all of its stashes in one turn.
  await Promise.resolve()
  const all = Promise.allSettled([...open.values()].map(({ firstRead }) => firstRead))
  await withTimeout(READ_MAX_MS, all)
}

export function closeStash(id: string): void {
  open.get(id)?.close()
  open.delete(id)
}

const WARNING_CHARS = 600

/** @param why is shown until it is dismissed */
export function endToken(stash: Stash, why: string): void {
  if (stash.token !== null) dropToken(stash.id, stash.token)
  stash.useToken(null)
  // Of several stashes each is named.
  warning.value = `${warning.value} ${why}`.trim().slice(-WARNING_CHARS)
  tokenEnds.value++
}

/** Moves on when a token was given up: dialogs whose outcome is known close then. */
export const tokenEnds = signal(0)

export function useToken(stash: Stash, token: string, onDevice: boolean): void {
  saveToken(stash.id, token, onDevice)
  warning.value = ''
  stash.useToken(token)
}

/** Keeps a token that has been tried, for a stash that may be open with another one. */
export function keepToken(id: string, token: string, onDevice: boolean): void {
  saveToken(id, token, onDevice)
  const stash = openStash(id)
  if (stash.token !== token) useToken(stash, token, onDevice)
}

/** For the slug of a stash that was created a moment ago: it may not be readable everywhere yet. */
export function learnSlug(slug: string, id: string): void {
  slugs.value = new Map(slugs.value).set(slug, id)
}

/** @param name an id or a slug @returns null while the slug is being resolved; `problem`: why it cannot be */
export function resolveStash(name: string): Stash | { problem: string } | null {
  if (isStashId(name)) return openStash(name)
  const found = slugs.value.get(name)
  if (found === undefined) {
    // Not in this turn: it is called while the page is drawn.
    queueMicrotask(() => void lookUp(name))
    return null
  }
  return typeof found === 'string' ? openStash(found) : found
}

async function lookUp(slug: string): Promise<void> {
  if (slugs.value.has(slug)) return
  const set = (found: string | { problem: string } | null): void => {
    slugs.value = new Map(slugs.value).set(slug, found)
  }
  set(null)
  const found = await findStash(slug)
  set('id' in found ? found.id : found)
}

/** Asks again for a slug that could not be resolved. */
export function retrySlug(slug: string): void {
  const next = new Map(slugs.value)
  next.delete(slug)
  slugs.value = next
}

/** @param name an id or a slug */
export async function findStash(name: string): Promise<{ id: string } | { problem: string }> {
  try {
    const { body } = await callApi<StashFacts>(API, 'GET', `/stash/${name}`)
    return { id: body.stash_id }
  } catch (error) {
    return { problem: describeProblem(error) }
  }
}

function describeProblem(error: unknown): string {
  if (isStashMissing(error)) return 'There is no such stash: it never existed, or was deleted.'
  return error instanceof Error ? error.message : String(error)
}
