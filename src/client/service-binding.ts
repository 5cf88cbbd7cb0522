/**
 * The methods of the Worker's entry point `Flags`, which other Workers of the account call by a service binding. They are types only:
 * the binding is a stub, and a service needs no code of ours.
 */

/** Why there is no answer. `message` is for a log. */
export type BindingFailure<Code extends string = never> = {
  ok: false
  /**
   * `stash_not_found`, `flag_not_found`: it does not exist. `unreachable`: whether it exists is not known now, so the caller's default
   * should count. `invalid_argument`: the call can never succeed.
   */
  error: 'stash_not_found' | 'unreachable' | 'invalid_argument' | Code
  message: string
}

/** Which copy of the stash the answer came from. */
export type CopyFacts = {
  /** The revision of the stash. */
  revision: number
  /** Whether the object of the stash had confirmed the copy as current, at `asOf`. */
  vouched: boolean
  asOf: Date
}

export type FlagAnswer = CopyFacts & {
  ok: true
  key: string
  value: string
  /** The media type. */
  type: string
  /** The revision that last changed the flag. */
  version: number
  /** When the time-box of the value ends; null where it has none. */
  until: Date | null
}

export type FlagsAnswer = CopyFacts & { ok: true; flags: Record<string, string> }

export type EvaluationAnswer = CopyFacts & {
  ok: true
  key: string
  /** Typed by the guard of the key. Undefined: the caller's default counts. */
  value: boolean | number | string | object | undefined
  variant: string | undefined
  reason: 'STATIC' | 'SPLIT' | 'DEFAULT'
  version: number
}

/** `targetingKey` is what shares are assigned by. Other attributes are ignored. */
export type BindingContext = { targetingKey?: string; [attribute: string]: unknown }

/** A method rejects only if the call itself fails, for example while the Worker is deployed; or by a fault of ours. */
export interface FlagsBinding {
  /** @param stash the id or the slug */
  get(stash: string, key: string): Promise<FlagAnswer | BindingFailure<'flag_not_found'>>
  /**
   * Every flag at one revision, or those of `keys` that exist: at most 1,000 keys, and 20 patterns such as `checkout.*` among them.
   */
  flags(stash: string, options?: { keys?: string[] }): Promise<FlagsAnswer | BindingFailure>
  /** The typed value of a flag for a user, as over OFREP. */
  evaluate(
    stash: string,
    key: string,
    context?: BindingContext,
  ): Promise<EvaluationAnswer | BindingFailure<'flag_not_found' | 'targeting_key_missing' | 'type_mismatch'>>
}
