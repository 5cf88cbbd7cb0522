/**
 * Which stash a request is for. A stash's id is the id of its object, and carries a signature of the
 * namespace that made it: one that nobody was given is turned down here, before any store is touched.
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

/** A fresh id. Within a jurisdiction the object and all it stores stay there. */
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
