/**
 * The entry point for other Workers of the account: reads by a service binding, without HTTP. They share the copies of this isolate
 * with reads over HTTP, and are as fresh. The arguments come from code of others, so they are checked like a request.
 */
import { WorkerEntrypoint } from 'cloudflare:workers'
import type {
  BindingContext,
  BindingFailure,
  CopyFacts,
  EvaluationAnswer,
  FlagAnswer,
  FlagsAnswer,
  FlagsBinding,
} from '../client/service-binding.ts'
import type { LiveEntry } from '../edge/fetched-snapshot.ts'
import { toContext } from '../http/openfeature/context.ts'
import { parseKeys } from '../http/request/parse-keys.ts'
import { createKeyMatcher } from '../model/access/key-matcher.ts'
import { chooseOutcome, createRule, type Outcome } from '../model/evaluation/evaluate.ts'
import { getBucket } from '../model/evaluation/rollout.ts'
import { isKey, STASH_MAX_ITEMS } from '../model/item.ts'
import type { Flag } from '../model/snapshot/snapshot.ts'
import { readStash } from './read-stash.ts'

export class Flags extends WorkerEntrypoint<Env> implements FlagsBinding {
  async get(stash: string, key: string): Promise<FlagAnswer | BindingFailure<'flag_not_found'>> {
    const found = await this.#findFlag(stash, key)
    if (!found.ok) return found
    const { value, type, version, until } = found.flag
    return { ok: true, key, value, type, version, until: toDate(until), ...toCopyFacts(found.entry) }
  }

  async flags(stash: string, options: { keys?: string[] } = {}): Promise<FlagsAnswer | BindingFailure> {
    const matches = parseKeyList(options)
    if (typeof matches === 'string') return fail('invalid_argument', matches)
    const read = await readStash(stash, this.env, this.ctx)
    if (!read.ok) return read
    const flags = [...read.entry.snapshot.flags.values()].filter(({ key }) => matches(key))
    return {
      ok: true,
      flags: Object.fromEntries(flags.map(({ key, value }) => [key, value])),
      ...toCopyFacts(read.entry),
    }
  }

  async evaluate(
    stash: string,
    key: string,
    given: BindingContext = {},
  ): Promise<EvaluationAnswer | BindingFailure<'flag_not_found' | 'targeting_key_missing' | 'type_mismatch'>> {
    const context = toContext(given)
    if ('errorCode' in context) return fail('invalid_argument', context.errorDetails)
    const found = await this.#findFlag(stash, key)
    if (!found.ok) return found
    const rule = createRule(found.flag)
    if (rule.kind === 'type_mismatch') {
      return fail('type_mismatch', `The value does not have the type that its guard sets: ${rule.guard}.`)
    }
    const { targetingKey } = context
    if (rule.kind === 'same') return toEvaluation(found, rule.outcome)
    if (targetingKey === null) {
      return fail('targeting_key_missing', 'This flag is rolled out by shares: give a context with a targetingKey.')
    }
    return toEvaluation(found, chooseOutcome(rule, getBucket(key, targetingKey)))
  }

  async #findFlag(stash: string, key: string): Promise<FoundFlag | BindingFailure<'flag_not_found'>> {
    if (typeof key !== 'string' || !isKey(key)) {
      return fail('invalid_argument', 'A key is 1 to 128 of the characters A-Z a-z 0-9 . _ -')
    }
    const read = await readStash(stash, this.env, this.ctx)
    if (!read.ok) return read
    const flag = read.entry.snapshot.flags.get(key)
    return flag === undefined
      ? fail('flag_not_found', `There is no flag "${key}" in this stash.`)
      : { ok: true, flag, entry: read.entry }
  }
}

type FoundFlag = { ok: true; flag: Flag; entry: LiveEntry }

const fail = <C extends string>(error: BindingFailure<C>['error'], message: string): BindingFailure<C> => ({
  ok: false,
  error,
  message,
})

const toCopyFacts = ({ snapshot, vouched, validAsOf }: LiveEntry): CopyFacts => ({
  revision: snapshot.revision,
  vouched,
  asOf: new Date(validAsOf),
})

const toDate = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms))

const toEvaluation = ({ flag, entry }: FoundFlag, { value, variant, reason }: Outcome): EvaluationAnswer => ({
  ok: true,
  key: flag.key,
  // The values of a rule are those of JSON, and null is none of them: see `parseShares`.
  value: value as EvaluationAnswer['value'],
  variant,
  reason,
  version: flag.version,
  ...toCopyFacts(entry),
})

/** Whether a key is wanted; a text says why the list is refused. */
function parseKeyList(options: { keys?: string[] }): ((key: string) => boolean) | string {
  // The caller may be JavaScript.
  const keys = (options as { keys?: unknown } | null)?.keys
  if (keys === undefined) return () => true
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string' && !key.includes(','))) {
    return 'keys is a list of keys and patterns such as checkout.*'
  }
  if (keys.length === 0) return () => false
  const parsed = parseKeys(keys.join(','), STASH_MAX_ITEMS)
  if (!parsed.ok)
    return `keys is a list of at most ${STASH_MAX_ITEMS} keys, and 20 patterns such as checkout.* among them`
  return createKeyMatcher(parsed.value ?? [])
}
