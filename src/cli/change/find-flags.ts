/**
 * The flags that a command is about: keys, patterns such as `checkout.*`, and services. A key that no flag has is refused with
 * the names near to it, because a mistyped key would otherwise make a new flag that nothing reads.
 */
import { createKeyMatcher } from '../../model/access/key-matcher.ts'
import type { Flags, ItemList } from '../api/answer-types.ts'
import type { Session } from '../api/session.ts'
import { Declined } from '../exit.ts'
import { askIfMeant, listNearest } from '../input/find-nearest.ts'

/** The most names in a message. */
const LISTED_MAX = 12

export const isPattern = (text: string): boolean => text.includes('*')

/** The service of a key: `checkout` of `checkout.maintenance-mode`. '' for a key without one. */
export const toService = (key: string): string => key.slice(0, Math.max(0, key.indexOf('.')))

/** Every flag. With a token, those that it reaches are as the stash has them now; a public read may be a second older. */
export async function readFlags(stash: Session): Promise<Map<string, string>> {
  const [{ body: seen }, own] = await Promise.all([
    stash.readPublic<Flags>('/flags', { flags: 'object' }),
    stash.hasToken ? stash.read<ItemList>('/items', { items: 'list' }) : null,
  ])
  return new Map([
    ...Object.entries(seen.flags),
    ...(own?.body.items ?? []).map(({ key, value }) => [key, value] as const),
  ])
}

/**
 * The keys that these arguments name, each once.
 * @throws {Declined} if an argument names no flag
 */
export function selectKeys(stash: Session, args: readonly string[], known: Iterable<string>): string[] {
  const keys = [...known]
  const selected = args.flatMap((arg) => {
    const matches = isPattern(arg) ? createKeyMatcher([arg]) : (key: string): boolean => key === arg
    const found = keys.filter(matches)
    if (found.length === 0) throw noSuchFlag(stash, arg, keys, 'change')
    return found
  })
  return [...new Set(selected)]
}

/** @param purpose `create`: the command has `--create`; `read`: it changes nothing anyway */
export function noSuchFlag(
  stash: Session,
  key: string,
  known: Iterable<string>,
  purpose: 'read' | 'change' | 'create' = 'read',
): Declined {
  const keys = [...known]
  const facts = { key, known: keys.length }
  if (isPattern(key)) return new Declined('no_such_flag', `${stash.label}: no flag matches "${key}".`, facts)
  const near = nearKeys(key, keys)
  const create = purpose === 'create' ? ' --create makes it.' : ''
  const outcome = purpose === 'read' ? '' : ' Nothing was changed.'
  const missing = `${stash.label}: there is no flag "${key}"${askIfMeant(near)}${create}`
  const list = near.length > 0 || keys.length === 0 ? '' : ` ${listKeys(keys)}`
  return new Declined('no_such_flag', `${missing}${list}${outcome}`, { ...facts, did_you_mean: near })
}

function listKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, LISTED_MAX).join(', ')
  return `There are: ${shown}${keys.length > LISTED_MAX ? `, and ${keys.length - LISTED_MAX} more ("switchyard list")` : ''}.`
}

/** Near as a whole, or with a mistyped service, or with a mistyped name of the right service. */
export function nearKeys(key: string, known: readonly string[]): string[] {
  const near = listNearest(key, known)
  if (near.length > 0) return near
  const service = toService(key)
  const name = service === '' ? key : key.slice(service.length + 1)
  const services = new Set(known.map(toService).filter((one) => one !== ''))
  const others = service === '' ? [...services] : listNearest(service, services)
  return others.map((one) => `${one}.${name}`).filter((one) => known.includes(one))
}
