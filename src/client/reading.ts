/**
 * A flag's text as what a program wants it to be. The same reading as the service's own evaluation, so that OpenFeature
 * and this client never disagree. Nothing here throws, waits or asks: what does not fit is the caller's default, with why.
 */
import { chooseOutcome, createRule, type Rule } from '../model/evaluation/evaluate.ts'
import { getBucket } from '../model/evaluation/rollout.ts'

export type Kind = 'boolean' | 'number' | 'json' | 'percentage' | 'split'

export type Reading<T> = {
  value: T
  /**
   * - `flag`: it is what the flag says
   * - `default`: the flag says that the default counts (`null` as JSON)
   * - `missing`: there is no such flag
   * - `empty`: nothing is known of the stash yet
   * - `misfit`: the flag's text is nothing of this kind
   * - `no_target`: it is rolled out by shares, and nobody was named
   * - `reverted`: the flag's time-box is over by the clock, which the service has not told yet: it is what the flag said
   *   before, or the default where there was no flag
   */
  reason: 'flag' | 'default' | 'missing' | 'empty' | 'misfit' | 'no_target' | 'reverted'
}

/** Whether a value is of the kind that the default is of. */
type Is<T> = (value: unknown) => value is T

export class Reader {
  /** What a text means is found out once. By kind, then key; what the flag says now takes the place of what it said. */
  readonly #entries: Record<Kind, Map<string, Entry>> = {
    boolean: new Map(),
    number: new Map(),
    json: new Map(),
    percentage: new Map(),
    split: new Map(),
  }
  readonly #misfit: (key: string, kind: Kind) => void

  /** @param misfit is told once for each text that does not fit */
  constructor(misfit: (key: string, kind: Kind) => void) {
    this.#misfit = misfit
  }

  read<T>(kind: Kind, key: string, text: string, fallback: T, is: Is<T>, target?: string): Reading<T> {
    const entry = this.#entryOf(kind, key, text)
    const { rule } = entry
    if (rule.kind === 'shared' && (typeof target !== 'string' || target === '')) {
      return { value: fallback, reason: 'no_target' }
    }
    const value = valueOf(rule, kind, text, key, target ?? '')
    if (value === undefined) return { value: fallback, reason: 'default' }
    if (value !== MISFIT && satisfies(value, is)) return { value, reason: 'flag' }
    if (!entry.told) this.#misfit(key, kind)
    entry.told = true
    return { value: fallback, reason: 'misfit' }
  }

  forget(key: string): void {
    for (const entries of Object.values(this.#entries)) entries.delete(key)
  }

  #entryOf(kind: Kind, key: string, text: string): Entry {
    const known = this.#entries[kind].get(key)
    if (known?.text === text) return known
    const entry = { text, rule: makeRule(kind, key, text), told: false }
    this.#entries[kind].set(key, entry)
    return entry
  }
}

/** `told`: whether its misfit has been reported. */
type Entry = { text: string; rule: Rule; told: boolean }

const MISFIT = Symbol('misfit')

/** What the service's evaluation refuses is a misfit, and so is what it stumbles over: a read never throws. */
function makeRule(kind: Kind, key: string, text: string): Rule {
  try {
    return createRule({ key, value: text, type: '', version: 0, guard: kind })
  } catch {
    return { kind: 'misfit', guard: kind }
  }
}

function valueOf(rule: Rule, kind: Kind, text: string, key: string, target: string): unknown {
  try {
    if (rule.kind === 'misfit') return MISFIT
    if (rule.kind === 'shared') return chooseOutcome(rule, getBucket(key, target)).value
    // Parsed for each reader: one that changes what it got must not change another's.
    return kind === 'json' && rule.outcome.value !== undefined ? (JSON.parse(text) as unknown) : rule.outcome.value
  } catch {
    return MISFIT
  }
}

/** The check is the caller's own, and may throw over a value it did not expect. */
function satisfies<T>(value: unknown, is: Is<T>): value is T {
  try {
    return is(value)
  } catch {
    return false
  }
}
