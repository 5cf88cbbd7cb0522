/**
 * Parses a flag's text as a typed value, or as several of which each has a share of the users. The service evaluates for
 * OpenFeature with it, and so do the clients. `guard` says the type: the guard of the flag's key, or in a client the type that the
 * caller asks for.
 */
import { parseJson } from '../parse-json.ts'
import { getBucketEnds } from './rollout.ts'

/** One value for everyone, or one per share; `ends` are those of the shares, in buckets. An undefined value: the default counts. */
export type Shares = { values: unknown[]; ends: number[] }

/** @returns undefined if the text is not of this type. The guard of a key excludes that; a caller may ask for any type. */
export function parseShares(text: string, guard: string | undefined): Shares | undefined {
  switch (guard) {
    case 'boolean':
      return text === 'true' || text === 'false' ? forEveryone(text === 'true') : undefined
    case 'number':
      return Number.isFinite(toNumber(text)) ? forEveryone(toNumber(text)) : undefined
    case 'json': {
      const parsed = parseJson(text)
      // OFREP clients treat null as an error. Without a value, the client's default counts.
      return parsed && forEveryone(parsed.value ?? undefined)
    }
    case 'percentage': {
      const share = toNumber(text)
      if (!(share >= 0 && share <= 100)) return undefined
      return toShares([
        [true, share],
        [false, 100 - share],
      ])
    }
    case 'split':
      return parseSplit(text)
    default:
      return forEveryone(text)
  }
}

const forEveryone = (value: unknown): Shares => ({ values: [value], ends: [] })

const toNumber = (text: string): number => (text.trim() === '' ? NaN : Number(text))

function parseSplit(text: string): Shares | undefined {
  const weights = parseJson(text)?.value
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights)) return undefined
  // Number() would also accept "1", [1] and null.
  const shares = Object.entries(weights).map(([name, weight]): [string, number] => [
    name,
    typeof weight === 'number' && weight >= 0 ? weight : NaN,
  ])
  const total = shares.reduce((sum, [, weight]) => sum + weight, 0)
  return total > 0 && total < Infinity ? toShares(shares) : undefined
}

function toShares(shares: [value: unknown, weight: number][]): Shares {
  const wanted = shares.filter(([, weight]) => weight > 0)
  return { values: wanted.map(([value]) => value), ends: getBucketEnds(wanted.map(([, weight]) => weight)) }
}
