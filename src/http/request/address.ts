/**
 * Parses the stash id and the key of a request. A stash's id is the id of its Durable Object, which carries a signature of
 * the namespace: an invented id is refused here, before any storage is read.
 */
import type { StashObject } from '../../stash/stash-object.ts'
import { isKey } from '../../model/item.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import type { JURISDICTIONS } from '../../wire/stash.ts'

type Namespace = DurableObjectNamespace<StashObject>

export const STASH_ID_CHARS = 64
const ID = /^[0-9a-f]{64}$/

export function parseStashId(namespace: Namespace, text: string): Result<DurableObjectId> {
  if (!ID.test(text)) return refuse({ code: 'stash_not_found' })
  try {
    return ok(namespace.idFromString(text))
  } catch {
    return refuse({ code: 'stash_not_found' })
  }
}

export const parseKey = (text: string): Result<string> =>
  isKey(text) ? ok(text) : refuse({ code: 'invalid_key', key: text })

/** Creates the id of a new stash. With a jurisdiction, the object and its storage stay there. */
export function createStashId(
  namespace: Namespace,
  jurisdiction: (typeof JURISDICTIONS)[number] | undefined,
): Result<DurableObjectId> {
  if (jurisdiction === undefined) return ok(namespace.newUniqueId())
  try {
    return ok(namespace.newUniqueId({ jurisdiction }))
  } catch {
    return refuse({ code: 'jurisdiction_unavailable', jurisdiction })
  }
}
