/** Counts over all stashes: not normal, needing me, frozen; and the stashes of which something is not known. */
import type { Stash } from '../state/stash.ts'
import type { Board } from './board.ts'
import { getSummary } from './summary.ts'

export type Totals = {
  stashes: number
  alerts: number
  mine: number
  pending: number
  /** Stashes with a freeze. */
  frozen: number
  notLive: number
  /** Stashes of which everything is known. */
  known: number
  /** One sentence for each kind of fact that is not known. */
  doubts: string[]
}

export function toTotals({ entries, left }: Board): Totals {
  const opened = entries.flatMap(({ stash }) => (stash === null ? [] : [stash]))
  const summaries = opened.map(getSummary)
  const sum = (count: (summary: (typeof summaries)[number]) => number): number =>
    summaries.reduce((total, summary) => total + count(summary), 0)
  const countDoubt = (...doubts: string[]): number => summaries.filter(({ doubt }) => doubts.includes(doubt)).length
  const unresolved = entries.filter(({ stash }) => stash === null)
  const isLooked = unresolved.filter((entry) => 'problem' in entry && entry.problem === '').length
  return {
    stashes: entries.length + left.length,
    alerts: sum(({ alerts }) => alerts.length),
    mine: sum(({ mine }) => mine),
    pending: sum(({ pending }) => pending),
    frozen: summaries.filter(({ freezes }) => freezes.length > 0).length,
    notLive: left.length + entries.length - opened.filter(({ link }) => link.state === 'live').length,
    known: countDoubt(''),
    doubts: [
      say(countDoubt('lost'), 'is not live', 'are not live'),
      say(unresolved.length - isLooked + countDoubt('missing'), 'cannot be read', 'cannot be read'),
      say(countDoubt('gone'), 'was deleted', 'were deleted'),
      say(countDoubt('details'), 'shows values, but not what is normal', 'show values, but not what is normal'),
      say(isLooked + opened.filter(isBeingRead).length, 'is being read', 'are being read'),
      say(countDoubt('behind'), 'is behind', 'are behind'),
      say(left.length, 'is not watched here', 'are not watched here'),
    ].filter((text) => text !== ''),
  }
}

/** For the first time. Details of a change are read in a moment, and no line should come and go for that. */
const isBeingRead = ({ link: { state }, content: { revision } }: Stash): boolean =>
  state === 'connecting' || (state === 'live' && revision === -1)

const say = (count: number, one: string, many: string): string =>
  count === 0 ? '' : count === 1 ? `1 stash ${one}` : `${count} stashes ${many}`
