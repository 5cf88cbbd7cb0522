/**
 * Validates values by the JSON Schemas of `json` guards. The work is counted before it is done (`schema-cost.ts`), and taken from
 * the budget of the whole change, because it delays every other write of the stash.
 */
import { Validator, type Schema } from '@cfworker/json-schema'
import type { Issue } from '../issue.ts'
import { countNodes, countSteps } from './schema-cost.ts'

/** The limit for all values and schemas of one change: 50 ms at most, as measured by `npm run bench strangers`. */
const CHANGE_MAX_STEPS = 40_000

/** The work that the guards of one change may cause, in steps of `countSteps`. Each change has its own. */
export class ValidationBudget {
  #left = CHANGE_MAX_STEPS

  get left(): number {
    return this.#left
  }

  get isUntouched(): boolean {
    return this.#left === CHANGE_MAX_STEPS
  }

  /** Takes the steps from the budget. Where fewer are left, takes none and returns false. */
  spend(steps: number): boolean {
    if (steps > this.#left) return false
    this.#left -= steps
    return true
  }
}

/** The steps charged for each value in the schema: it is cloned, and the validator resolves its references. */
const PREPARING_STEPS = 2

/** The first violation of the schema by the JSON in `text`, as its innermost errors. Empty: it fits. 'over budget': unchecked. */
export function findSchemaViolations(schema: unknown, text: string, budget: ValidationBudget): Issue[] | 'over budget' {
  try {
    const value: unknown = JSON.parse(text)
    const preparing = PREPARING_STEPS * countNodes(schema)
    if (!budget.spend(preparing + countSteps(schema, value, budget.left - preparing))) return 'over budget'
    // The schema is cloned, because the validator writes into it. `true`: the validator stops at the first error.
    const validator = new Validator(structuredClone(schema) as Schema | boolean, '2020-12', true)
    const { valid, errors } = validator.validate(value)
    // The innermost errors come last, and are the most specific.
    return valid
      ? []
      : errors.slice(-5).map(({ instanceLocation, error }) => ({
          path: instanceLocation,
          message: shorten(error.replace(/\.$/, '')),
        }))
  } catch {
    // The value is nested deeper than the recursive validator's stack permits.
    return [{ path: '', message: 'takes a value that is nested less deep' }]
  }
}

/** The longest message that is passed on: the validator prints the whole list of an `enum`. */
const MESSAGE_MAX_CHARS = 300
const shorten = (text: string): string =>
  text.length > MESSAGE_MAX_CHARS ? `${text.slice(0, MESSAGE_MAX_CHARS)}…` : text
