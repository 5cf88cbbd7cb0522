/**
 * Writes values: of one flag by its own route, of several as one revision. Only flags that exist are written, unless `--create`
 * is given: a mistyped key would otherwise make a new flag that nothing reads.
 */
import { RefusedError } from '../../client/requests/errors.ts'
import type { Session } from '../api/session.ts'
import type { Context } from '../command.ts'
import { Misuse, type Exit } from '../exit.ts'
import type { Input } from '../input/input.ts'
import { showValue } from '../output/print.ts'
import { toChangeCall } from './change-options.ts'
import { noSuchFlag, readFlags } from './find-flags.ts'
import { performChange, type Change } from './perform-change.ts'

export type Write = { key: string; value: string }

type Options = {
  /** What will be so, where the question is always asked: for flags that were chosen by a pattern. */
  consequence?: string
  /** Explains that a flag does not exist. Left out: with the names near to it. */
  missing?: (stash: Session, key: string, known: Iterable<string>) => Error
}

/** @param writes at least one, each key once */
export async function writeFlags(
  writes: readonly Write[],
  input: Input,
  { print, session }: Context,
  { consequence, missing }: Options = {},
): Promise<Exit> {
  for (const { key, value } of writes)
    if (value === '') throw new Misuse(`A value has at least one byte. To delete the flag: switchyard delete ${key}`)
  const stash = session()
  const change =
    writes.length === 1 && writes[0] !== undefined ? toPut(stash, writes[0], input) : toPatch(stash, writes, input)
  try {
    if (change.method === 'PATCH' && !input.isSet('create')) await demandAll(stash, writes)
    return await performChange(print, stash, input, { ...change, ...(consequence !== undefined && { consequence }) })
  } catch (fault) {
    const key = findMissing(fault, writes)
    if (key === null) throw fault
    const known = (await readFlags(stash)).keys()
    throw missing?.(stash, key, known) ?? noSuchFlag(stash, key, known, 'create')
  }
}

function toPut(stash: Session, { key, value }: Write, input: Input): Change {
  const call = toChangeCall(input)
  const headers = { ...call.headers, ...(!input.isSet('create') && { 'If-Match': '*' }) }
  return {
    method: 'PUT',
    path: stash.itemPath(key),
    call: { ...call, headers, body: value },
    action: `Set ${key} to ${showValue(value)}`,
    done: () => `${key} is now ${showValue(value)}`,
  }
}

function toPatch(stash: Session, writes: readonly Write[], input: Input): Change {
  const pairs = writes.map(({ key, value }) => `${key} to ${showValue(value)}`)
  return {
    method: 'PATCH',
    path: stash.path('/flags'),
    call: { ...toChangeCall(input), body: Object.fromEntries(writes.map(({ key, value }) => [key, value])) },
    action: `Set ${pairs.join(', ')}`,
    done: () => describeWrites(writes),
  }
}

/** `a, b are now true`, or each with its own value. */
function describeWrites(writes: readonly Write[]): string {
  const values = new Set(writes.map(({ value }) => value))
  const [only] = values
  if (values.size === 1 && only !== undefined)
    return `${writes.map(({ key }) => key).join(', ')} are now ${showValue(only)}`
  return writes.map(({ key, value }) => `${key} is now ${showValue(value)}`).join(', ')
}

/** A patch has no condition for each key, so the flags are looked up before it. */
async function demandAll(stash: Session, writes: readonly Write[]): Promise<void> {
  const known = await readFlags(stash)
  const missing = writes.find(({ key }) => !known.has(key))
  if (missing !== undefined) throw new MissingFlag(missing.key)
}

class MissingFlag extends Error {
  override name = 'MissingFlag'
  readonly key: string
  constructor(key: string) {
    super(`There is no flag "${key}".`)
    this.key = key
  }
}

/** The key of the flag that does not exist, if that is why the change failed; else null. */
function findMissing(fault: unknown, writes: readonly Write[]): string | null {
  if (fault instanceof MissingFlag) return fault.key
  const isMissing =
    fault instanceof RefusedError && fault.code === 'version_conflict' && fault.facts['current'] === null
  return isMissing ? (writes[0]?.key ?? null) : null
}
