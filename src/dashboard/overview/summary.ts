/**
 * The summary of one stash: switches that are not normal, changes that need me, and whether all of that is known. Computed
 * again only when this stash has changed, since the page shows many.
 */
import { computed, type ReadonlySignal } from '@preact/signals'
import { serviceNow } from '../api/service-time.ts'
import { countForMe } from '../state/flags/judge-held.ts'
import { isAlert } from '../state/flags/flag-list.ts'
import { toService, type FlagView } from '../state/flags/flag-view.ts'
import { findKnown, proposeColour, type Colour } from '../state/browser/known-stashes.ts'
import { now } from '../state/signals.ts'
import type { Freeze } from '../state/content.ts'
import type { Stash } from '../state/stash.ts'
import type { Entry } from './board.ts'

export type Service = {
  /** '': the switches whose key has no dot */
  name: string
  count: number
  alerts: number
  /** Whether it is known of each of its switches, whether its value is the safe one. */
  isKnown: boolean
}

/** Which fact of it is not known. `''`: all are known, as of now. */
export type Doubt = '' | 'connecting' | 'lost' | 'missing' | 'gone' | 'behind' | 'details' | 'reading'

export type Summary = {
  views: FlagView[]
  /** `unsafe` first. */
  alerts: FlagView[]
  pending: number
  mine: number
  freezes: Freeze[]
  services: Service[]
  doubt: Doubt
}

/** Freezes end by the clock. */
const tick = computed(() => Math.floor(now.value / 10_000))

const summaries = new WeakMap<Stash, ReadonlySignal<Summary>>()

export function getSummary(stash: Stash): Summary {
  let found = summaries.get(stash)
  if (found === undefined) {
    found = computed(() => {
      void [stash.changed.value, tick.value]
      return summarise(stash)
    })
    summaries.set(stash, found)
  }
  return found.value
}

function summarise(stash: Stash): Summary {
  const { content } = stash
  const views = [...stash.views().values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const alerts = views.filter(isAlert)
  const at = serviceNow()
  return {
    views,
    alerts: [...alerts.filter(({ state }) => state === 'unsafe'), ...alerts.filter(({ state }) => state !== 'unsafe')],
    pending: content.held.filter(({ kind }) => kind === 'approval' || kind === 'schedule').length,
    mine: countForMe(stash),
    freezes: content.freezes.filter(({ until }) => until === null || until > at),
    services: toServices(views),
    doubt: findDoubt(stash, views),
  }
}

function toServices(views: FlagView[]): Service[] {
  const byName = Map.groupBy(views, ({ key }) => toService(key))
  return [...byName].map(([name, members]) => ({
    name,
    count: members.length,
    alerts: members.filter(isAlert).length,
    isKnown: members.every(isKnown),
  }))
}

function findDoubt({ link: { state, behind }, content }: Stash, views: FlagView[]): Doubt {
  if (state !== 'live') return state
  if (content.detailsLostAt !== null) return 'details'
  if (behind) return 'behind'
  return content.revision === -1 || !views.every(isKnown) ? 'reading' : ''
}

/** Without its public details it is not known whether a value is the safe one. */
const isKnown = ({ type }: FlagView): boolean => type !== undefined

export const toColour = ({ id, content: { facts } }: Stash): Colour =>
  findKnown(id)?.colour ?? proposeColour(id, facts?.name ?? facts?.slug ?? null)

/**
 * Troubled stashes come first: not normal, needs me, frozen, not live. A stash that is just being opened stays in its place.
 */
export function toRank({ stash }: Entry): number {
  if (stash === null) return 3
  const { alerts, mine, freezes, doubt } = getSummary(stash)
  if (alerts.length > 0) return 0
  if (mine > 0) return 1
  if (freezes.length > 0) return 2
  return doubt === '' || doubt === 'reading' || doubt === 'connecting' || doubt === 'behind' ? 4 : 3
}
