/** flagd's own evaluator, and its published schema, on the documents that the service writes. */
import { Validator, type Schema } from '@cfworker/json-schema'
import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core'
import flagsSchema from './openfeature/flagd-flags.schema.json' with { type: 'json' }
import targetingSchema from './openfeature/flagd-targeting.schema.json' with { type: 'json' }

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

const schema = new Validator(flagsSchema as Schema, '7')
schema.addSchema(targetingSchema as Schema)

/** What the published schema says against the document. */
export const findSchemaErrors = (text: string): string[] =>
  schema.validate(JSON.parse(text)).errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)

/** Throws where flagd's own validation, which is compiled from its schema, rejects the document. */
export const validateStrictly = (text: string): void => void new MemoryStorage(silent).setConfigurations(text, true)

export type Resolution = { value?: unknown; variant?: string | undefined; code?: string | undefined }

/**
 * Evaluates as flagd does: `resolve(key, targetingKey)` has no value where the caller's default counts.
 * @param options `disableDynamicCodeGeneration` interprets rules instead of compiling them, which a Worker must not
 */
export function loadIntoFlagd(
  text: string,
  options: { disableDynamicCodeGeneration?: boolean } = {},
): (key: string, targetingKey?: string) => Resolution {
  const core = new FlagdCore(undefined, silent, options)
  core.setConfigurations(text)
  return (key, targetingKey) => {
    const flag = core.getFlag(key)
    if (flag === undefined) return { code: 'FLAG_NOT_FOUND' }
    if (flag.state === 'DISABLED') return { code: 'DISABLED' }
    const { value, variant, errorCode } = flag.evaluate(targetingKey === undefined ? {} : { targetingKey }, silent)
    return value === undefined ? { code: errorCode } : { value, variant }
  }
}
