/** One flag as the API gives it, for what the stream does not tell: its media type, and its version right now. */
import { RefusedError } from '../../../client/requests/errors.ts'
import { API } from '../../api/connection.ts'
import { callApi } from '../../api/call.ts'

/** `version` and `type` are undefined where they are not known, or the flag is not there. */
export type Item = { value: string | null; version: number | undefined; type: string | undefined }

/** The flag at this revision or a later one. Its `value` is null if it is not there. */
export async function readItem(stash: string, key: string, revision: number): Promise<Item> {
  try {
    // As text: a value of the type JSON must not be parsed.
    const { headers, body } = await callApi<string>(API, 'GET', `/item/${stash}/${key}`, {
      query: { min_revision: Math.max(0, revision) },
      as: 'text',
    })
    const version = Number(/\d+/.exec(headers.get('ETag') ?? '')?.[0])
    return { value: body, version, type: headers.get('Content-Type') ?? undefined }
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404 && !error.code.startsWith('http_'))
      return { value: null, version: undefined, type: undefined }
    throw error
  }
}

/** A stash, with the revision that the page has seen. */
type StashAt = { readonly id: string; readonly content: { readonly revision: number } }

const NEW_TYPE = 'text/plain; charset=utf-8'

/** The media type to write: the one that the flag has, so that JSON stays JSON. Keeps what it read in `shown`. */
export async function findType(stash: StashAt, key: string, shown: Item): Promise<string> {
  if (shown.value !== null) shown.type ??= (await readItem(stash.id, key, stash.content.revision)).type
  return (shown.type ??= NEW_TYPE)
}

/** The conditional headers that make the service refuse the write unless the flag is still as it was shown. */
export async function createCondition(stash: StashAt, key: string, shown: Item): Promise<Record<string, string>> {
  if (shown.value === null) return { 'If-None-Match': '*' }
  if (shown.version !== undefined) return { 'If-Match': `"${shown.version}"` }
  // The list of items did not have its version. If the value is another one by now, the write must be refused.
  const found = await readItem(stash.id, key, stash.content.revision)
  return { 'If-Match': found.value === shown.value ? `"${found.version}"` : '"0"' }
}
