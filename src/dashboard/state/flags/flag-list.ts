/** Which switches a list shows, and in which order: by search, state, name or time. */
import type { Guard } from '../../api/answer-types.ts'
import { splitList } from '../../text/marks.ts'
import { toService, type FlagState, type FlagView } from './flag-view.ts'

export const SORTS = ['state', 'name', 'changed'] as const
type Sort = (typeof SORTS)[number]

export const toSort = (text: string): Sort => SORTS.find((sort) => sort === text) ?? 'state'

/** `alerts`: not at its safe value, or at a value that ends by itself. */
export type Show = '' | 'alerts' | 'pending' | 'frozen'

export const toShow = (text: string): Show => (text === 'alerts' || text === 'pending' || text === 'frozen' ? text : '')

export const isAlert = ({ state }: FlagView): boolean => state === 'unsafe' || state === 'temporary'

function isShown(view: FlagView, show: Show): boolean {
  if (show === 'alerts') return isAlert(view)
  if (show === 'pending') return view.pending > 0
  return show === '' || view.isFrozen
}

/** A heading and the switches below it. `title` is '' for switches without a service. */
export type Group = { id: string; title: string; views: FlagView[] }

const ALERTS = 'Not normal'

type Wanted = { search: string; sort: Sort; show: Show; guards: ReadonlyMap<string, Guard> }

/** Sorted by state, switches that are not normal come first, under a heading of their own; the others stand by service. */
export function toGroups(views: Iterable<FlagView>, { search, sort, show, guards }: Wanted): Group[] {
  const matches = createSearch(search)
  const found = [...views].filter((view) => isShown(view, show) && matches(view, guards.get(view.key)))
  if (sort === 'changed') {
    const sorted = found.sort((a, b) => (b.since ?? 0) - (a.since ?? 0) || compareKeys(a, b))
    return sorted.length === 0 ? [] : [{ id: 'changed', title: 'Changed last', views: sorted }]
  }
  found.sort(compareKeys)
  const alerts = sort === 'state' ? found.filter(isAlert).sort((a, b) => RANK[a.state] - RANK[b.state]) : []
  const rest = sort === 'state' ? found.filter((view) => !isAlert(view)) : found
  const groups = alerts.length === 0 ? [] : [{ id: 'alerts', title: ALERTS, views: alerts }]
  const services = Map.groupBy(rest, ({ key }) => toService(key))
  return [
    ...groups,
    ...[...services].map(([service, members]) => ({ id: `service-${service}`, title: service, views: members })),
  ]
}

const RANK: Record<FlagState, number> = { unsafe: 0, temporary: 1, pending: 2, normal: 3 }

const { compare } = new Intl.Collator('en', { numeric: true })

/** `node-2` stands before `node-10`. */
const compareKeys = (a: FlagView, b: FlagView): number => compare(a.key, b.key)

/**
 * Every word has to be found somewhere: in the key, the value, who changed it and why, its description, its owner. The words
 * may be in any order.
 */
export function createSearch(search: string): (view: FlagView, guard?: Guard) => boolean {
  const words = splitList(search.toLowerCase(), /\s+/)
  if (words.length === 0) return () => true
  return (view, guard) => {
    let text = searchTexts.get(view)
    if (text === undefined) searchTexts.set(view, (text = toSearchText(view)))
    const owner = guard?.about?.owner?.toLowerCase() ?? ''
    return words.every((word) => text.includes(word) || owner.includes(word))
  }
}

/** A key press must not put a thousand flags into small letters again. */
const searchTexts = new WeakMap<FlagView, string>()

/** Of a value, this much is searched. */
export const SEARCHED_CHARS = 1_000

function toSearchText({ key, value, last, about, type }: FlagView): string {
  const parts = [key, value.slice(0, SEARCHED_CHARS), last?.who, last?.reason, about, type]
  return parts.join('\n').toLowerCase()
}
