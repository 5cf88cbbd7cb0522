/**
 * The address of what the page shows: `#/s/<stash>/f/<key>?q=…`. What a person would want to send to another person, or to come
 * back to, stands in it: the stash, the view, the search, the order. A token never does.
 */
import { computed, signal } from '@preact/signals'
import { notify } from './signals.ts'

export const VIEWS = ['switches', 'pending', 'history', 'access'] as const
export type View = (typeof VIEWS)[number]

export type Route =
  | { page: 'start' }
  | { page: 'create' }
  /** Every stash that this browser knows, or those that `?s=` names. */
  | { page: 'all' }
  /** @param stash an id or a slug */
  | { page: 'stash'; stash: string; view: View }
  | { page: 'switch'; stash: string; key: string }

type Address = { route: Route; query: URLSearchParams }

/** A key as a path holds it, and an id or a slug. */
const NAME = /^[A-Za-z0-9._-]{1,128}$/

/** @param hash with its `#` */
export function parseAddress(hash: string): Address {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2)
  return { route: parsePath(path), query: new URLSearchParams(search) }
}

function parsePath(path: string): Route {
  const [first = '', second = '', third = '', fourth = ''] = path.replace(/^\//, '').split('/')
  if (first === 'new') return { page: 'create' }
  if (first === 'all') return { page: 'all' }
  if (first === 's' && NAME.test(second)) {
    if (third === 'f' && NAME.test(fourth)) return { page: 'switch', stash: second, key: fourth }
    return { page: 'stash', stash: second, view: VIEWS.find((view) => view === third) ?? 'switches' }
  }
  // Links of former versions: `#<id>`.
  const [id] = /[0-9a-f]{64}/.exec(path) ?? []
  return id === undefined ? { page: 'start' } : { page: 'stash', stash: id, view: 'switches' }
}

/** Without the `#` of the whole page. */
export function toHash(route: Route, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && !isToken(value)))
  const text = search.toString()
  return `#/${toPath(route)}${text === '' ? '' : `?${text}`}`
}

/** A token that was pasted into a search by mistake must not get into the browser's history. */
const isToken = (text: string): boolean => /swy_/i.test(text)

function toPath(route: Route): string {
  if (route.page === 'start') return ''
  if (route.page === 'create') return 'new'
  if (route.page === 'all') return 'all'
  if (route.page === 'switch') return `s/${route.stash}/f/${route.key}`
  return route.view === 'switches' ? `s/${route.stash}` : `s/${route.stash}/${route.view}`
}

export const address = signal<Address>(parseAddress(location.hash))
export const route = computed(() => address.value.route)

/** One parameter of the address. '' where it has none. */
export const param = (name: string): string => address.value.query.get(name) ?? ''

const read = (): void => {
  address.value = parseAddress(location.hash)
}
window.addEventListener('hashchange', read)
window.addEventListener('popstate', read)

/**
 * Calls `listener` when the page goes elsewhere: by a link, by Back, or by an address that was typed. An open dialog
 * belongs to the page before. @returns a function that ends it
 */
export function onLeave(listener: () => void): () => void {
  const here = JSON.stringify(route.value)
  return route.subscribe((next) => JSON.stringify(next) !== here && listener())
}

/** Goes there, so that Back leads here again. */
export function go(target: Route, query: Record<string, string> = {}): void {
  history.pushState(null, '', toHash(target, query))
  read()
  window.scrollTo(0, 0)
}

/** Changes the address in place: Back does not lead to each letter of a search. */
export function setParams(changes: Record<string, string>): void {
  const query = new URLSearchParams(address.value.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name)
    else query.set(name, value)
  }
  if (Object.values(changes).some(isToken)) notify('That has a token in it. It is not kept.')
  replace(address.value.route, Object.fromEntries(query))
}

export function replace(target: Route, query: Record<string, string> = {}): void {
  const hash = toHash(target, query)
  address.value = parseAddress(hash)
  try {
    history.replaceState(null, '', location.pathname + hash)
  } catch {
    // A browser may refuse it for a while after a hundred of them: when a person holds a key in the search.
  }
}
