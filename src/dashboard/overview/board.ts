/**
 * Which stashes the page shows: those that `?s=` names, or those that this browser knows. Each that can be resolved is watched
 * from here on. What cannot be shown is counted, so that the page never claims more than it knows.
 */
import { knownStashes } from '../state/browser/known-stashes.ts'
import type { Stash } from '../state/stash.ts'
import { resolveStash } from '../state/stashes.ts'
import { splitList } from '../text/marks.ts'

/** Each is a WebSocket, and a copy of all flags. */
export const WATCHED_MAX = 40

/** What an id or a slug led to. `problem` is '' while it is being looked for. */
export type Entry = { name: string; stash: Stash } | { name: string; stash: null; problem: string }

export type Board = {
  entries: Entry[]
  /** Names that are over the limit. */
  left: string[]
}

/** An id or a slug. Others are not asked for: they would lead to another path of the API. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** @param named the parameter `s`: ids and slugs, separated by commas. '': every stash that this browser knows */
export function openBoard(named: string): Board {
  const names = listNames(named)
  const seen = new Set<string>()
  const entries = names.slice(0, WATCHED_MAX).flatMap((name) => {
    const entry = resolveEntry(name)
    // A slug and an id may be the same stash.
    const id = entry.stash?.id ?? name
    if (seen.has(id)) return []
    seen.add(id)
    return [entry]
  })
  return { entries, left: names.slice(WATCHED_MAX) }
}

function listNames(named: string): string[] {
  if (named === '') return knownStashes.value.map(({ id }) => id)
  return [...new Set(splitList(named))]
}

function resolveEntry(name: string): Entry {
  if (!NAME.test(name)) return { name, stash: null, problem: 'This is neither an id nor a slug of a stash.' }
  const found = resolveStash(name)
  if (found === null) return { name, stash: null, problem: '' }
  return 'problem' in found ? { name, stash: null, problem: found.problem } : { name, stash: found }
}

/** Whether another try may find it: the service did not answer, or not to this question. */
export const mayBeFound = (problem: string): boolean =>
  problem !== '' && !/^(There is no|This is neither)/.test(problem)
