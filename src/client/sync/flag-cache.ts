/**
 * The last known flags, and what this process overrides of them, by the names that the caller uses. A snapshot of a higher
 * revision replaces the flags, one of the same revision only if the reverts were not known; a change is applied only to the
 * revision before it. An update is applied as a whole or not at all. The end of a time-box is evaluated at the time of a read:
 * it needs no timer.
 */
import type { Rules } from '../evaluation-details.ts'
import type { FlagUpdate } from './flag-update.ts'
import type { Revert } from './reverts.ts'

export type Changes = Map<string, string | null>

export type Verdict =
  | 'applied'
  /** The cache has this revision or a later one. */
  | 'known'
  /** A snapshot of an earlier revision: the service has lost changes or lags behind, or the stream overtook the poll. */
  | 'older'
  /** A change whose predecessor is missing. */
  | 'gap'

/** All that is known under a name, so that a read is one lookup. */
type CachedFlag = {
  /** The text as the service sent it: after the end of a time-box it is still the temporary one. */
  sent: string | null
  /** It is pending, or has ended by the clock and the service has not sent that yet. */
  revert: Revert | null
  override: string | null
  /** The text that listeners were last called with. */
  announced: string | null
  readonly rules: Rules
  /** What `read` returned last, if that does not depend on the time; null after each change. */
  known: Reading | null
}

export type Reading =
  | { text: string; reason: 'flag' | 'override' | 'reverted'; rules: Rules }
  | { text: null; reason: 'reverted'; rules: Rules }
  | { text: null; reason: 'missing' | 'empty'; rules?: undefined }

export type FlagCache = ReturnType<typeof createFlagCache>

/**
 * @param now the time of the service
 * @param prefix what the keys of the flags begin with. Other flags are left out, and the names of these are the rest of their keys
 */
export function createFlagCache(now: () => number, prefix = '') {
  const flags = new Map<string, CachedFlag>()
  /** Whether all reverts are known: not if they come from a store of an earlier version, or from one that is damaged. */
  let knowsReverts = true
  /** Flags to be announced although their text is the one that was announced last. */
  const rewritten = new Set<string>()

  const getEnds = (): number[] => [...flags.values()].flatMap(({ revert }) => revert?.at ?? [])

  function getOrCreate(name: string): CachedFlag {
    let flag = flags.get(name)
    if (flag === undefined) {
      flag = { sent: null, revert: null, override: null, announced: null, rules: {}, known: null }
      flags.set(name, flag)
    }
    // It is fetched to be changed.
    flag.known = null
    return flag
  }

  const toNames = <T>(entries: Iterable<[string, T]>): [string, T][] =>
    [...entries].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : []))

  const cache = {
    prefix,

    /** null: no flags were received or loaded yet. */
    revision: null as number | null,

    /** The revision after which a stream resumes; null: it must begin with a snapshot. */
    get resumeFrom(): number | null {
      return knowsReverts ? cache.revision : null
    },

    /** The number of flags whose time-box has ended by the clock. */
    get reverted(): number {
      return getEnds().filter((at) => at <= now()).length
    },

    /** The names of the flags that are overridden, sorted. */
    get overridden(): string[] {
      return Object.keys(cache.collect(({ override }) => override)).sort()
    },

    /** What counts now: the override, else the flag, or what it was before its time-box if that has ended. */
    read(name: string): Reading {
      const flag = flags.get(name)
      if (flag !== undefined) {
        const { override, revert, sent, rules, known } = flag
        if (known !== null) return known
        const text = override ?? sent
        if (override === null && revert !== null && revert.at <= now())
          return { text: revert.to, reason: 'reverted', rules }
        if (text !== null) {
          const reading: Reading = { text, reason: override === null ? 'flag' : 'override', rules }
          if (revert === null) flag.known = reading
          return reading
        }
      }
      return { text: null, reason: cache.revision === null ? 'empty' : 'missing' }
    },

    /** A new object of what `choose` returns for each flag, without the nulls. The names follow `before`. */
    collect: <T>(choose: (flag: CachedFlag, name: string) => T | null, before = ''): Record<string, T> =>
      Object.fromEntries(
        [...flags].flatMap(([name, flag]) => {
          const chosen = choose(flag, name)
          return chosen === null ? [] : [[before + name, chosen]]
        }),
      ),

    /** When the first time-box ends after this time, in ms by the service's clock; Infinity if none does. */
    getNextEnd: (after: number): number => Math.min(...getEnds().filter((at) => at > after)),

    apply(update: Exclude<FlagUpdate, { type: 'gone' }>): Verdict {
      const { type, reverts } = update
      const ahead = cache.revision === null ? Infinity : update.revision - cache.revision
      if (type === 'snapshot') {
        if (ahead < 0) return 'older'
        if (ahead === 0 && knowsReverts) return 'known'
        knowsReverts = update.knowsReverts
        for (const flag of flags.values()) flag.sent = flag.revert = flag.known = null
      } else {
        // The stream of a prefix leaves out the revisions of other flags.
        if (ahead === Infinity || (ahead > 1 && prefix === '')) return 'gap'
        if (ahead <= 0) return 'known'
      }
      cache.revision = update.revision
      for (const [name, text] of toNames(type === 'snapshot' ? update.flags : update.changes)) {
        // A change to the same text is announced too, unless it ends a time-box: the clock may have announced that end already.
        const endsTimeBox = cache.read(name).reason === 'reverted' || reverts.get(prefix + name) === null
        if (type === 'change' && !endsTimeBox) rewritten.add(name)
        const flag = getOrCreate(name)
        flag.sent = text
        // A change ends the time-box that the flag was in. If it begins another one, `reverts` has that.
        flag.revert = null
      }
      for (const [name, revert] of toNames(reverts)) getOrCreate(name).revert = revert
      return 'applied'
    },

    setOverrides(overrides: Iterable<[string, string]>): void {
      for (const flag of flags.values()) flag.override = flag.known = null
      for (const [name, text] of overrides) getOrCreate(name).override = text
    },

    /** @returns the flags whose text is another one than at the last call, and those that were changed to the same text */
    takeChanges(): Changes {
      const changes: Changes = new Map()
      for (const [name, flag] of flags) {
        const { text, reason } = cache.read(name)
        if (text !== flag.announced || (rewritten.has(name) && reason !== 'override')) changes.set(name, text)
        flag.announced = text
        if (flag.sent === null && flag.revert === null && flag.override === null) flags.delete(name)
      }
      rewritten.clear()
      return changes
    },
  }
  return cache
}
