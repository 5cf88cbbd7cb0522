/**
 * Flags as a file in git: what `export` gave, or `{"flags": {"<key>": "<value>"}}` written by hand. Whatever else stands
 * in it is refused, because it may be a typo. What a value must be, the service says.
 */
import { readFileSync } from 'node:fs'
import { isRecord } from '../../../client/requests/call.ts'
import { Misuse } from '../../exit.ts'
import { readStdin } from '../../input/stdin.ts'

export type FlagFile = {
  items: { key: string; value: string; content_type?: string }[]
  /** Undefined: the file says nothing of guards. */
  guards: { key: string; guard: object }[] | undefined
}

/** Of an export; what is not taken from it is known all the same. */
const KNOWN = ['format', 'stash_id', 'revision', 'exported_at', 'name', 'description', 'items', 'guards']

export async function readFlagFile(path: string): Promise<FlagFile> {
  const text = path === '-' ? await readStdin() : readText(path)
  return parseFlagFile(path === '-' ? 'stdin' : path, text)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (fault) {
    throw new Misuse(
      `${path} cannot be read: ${fault instanceof Error && 'code' in fault ? String(fault.code) : 'for no known reason'}.`,
    )
  }
}

function parseFlagFile(path: string, text: string): FlagFile {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (fault) {
    throw new Misuse(`${path} is not JSON, or half of it: ${fault instanceof Error ? fault.message : ''}.`)
  }
  if (!isRecord(raw)) throw new Misuse(`${path} is no file of flags: {"flags": {"<key>": "<value>"}}, or an export.`)
  const file = 'flags' in raw ? readPlain(path, raw) : readExport(path, raw)
  const twice = file.items.find(({ key }, i) => file.items.findIndex((other) => other.key === key) !== i)
  if (twice !== undefined) throw new Misuse(`${path}: "${twice.key}" stands there twice.`)
  return file
}

function readPlain(path: string, raw: Record<string, unknown>): FlagFile {
  const stranger = Object.keys(raw).find((name) => name !== 'flags')
  if (stranger !== undefined) throw new Misuse(`${path}: "${stranger}" means nothing beside "flags".`)
  if (!isRecord(raw['flags'])) throw new Misuse(`${path}: "flags" is {"<key>": "<value>"}.`)
  const items = Object.entries(raw['flags']).map(([key, value]) => ({ key, value: checkValue(path, key, value) }))
  return { items, guards: undefined }
}

function readExport(path: string, raw: Record<string, unknown>): FlagFile {
  const stranger = Object.keys(raw).find((name) => !KNOWN.includes(name))
  if (stranger !== undefined) throw new Misuse(`${path}: "${stranger}" is of no export.`)
  const { format = 1, items, guards } = raw
  if (format !== 1 || !Array.isArray(items) || !(guards === undefined || Array.isArray(guards))) {
    throw new Misuse(`${path} is no file of flags: {"flags": {"<key>": "<value>"}}, or an export.`)
  }
  return {
    items: items.map((item: unknown) => readItem(path, item)),
    guards: guards?.map((one: unknown) => readGuard(path, one)),
  }
}

function readItem(path: string, raw: unknown): FlagFile['items'][number] {
  if (!isRecord(raw) || typeof raw['key'] !== 'string') throw new Misuse(`${path}: an item is {"key", "value"}.`)
  const { key, content_type: type } = raw
  const value = checkValue(path, key, raw['value'])
  return { key, value, ...(typeof type === 'string' && { content_type: type }) }
}

function readGuard(path: string, raw: unknown): { key: string; guard: object } {
  if (!isRecord(raw) || typeof raw['key'] !== 'string' || !isRecord(raw['guard'])) {
    throw new Misuse(`${path}: a guard is {"key", "guard"}.`)
  }
  return { key: raw['key'], guard: raw['guard'] }
}

function checkValue(path: string, key: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Misuse(`${path}: "${key}" is no text. Values are text: "true", in quotes.`)
}
