/** Finds the cache entry of a stash for a call by a service binding, in the way of a read over HTTP: its id or slug, then its copy. */
import type { BindingFailure } from '../client/service-binding.ts'
import type { LiveEntry } from '../edge/fetched-snapshot.ts'
import { resolveSlug } from '../http/request/slug.ts'
import { peekStash, readNewest } from '../http/response/read-snapshot.ts'
import { isSlug } from '../model/slug.ts'
import type { Refusal, Result } from '../model/refusal.ts'

export async function readStash(
  stash: string,
  env: Env,
  context: ExecutionContext,
): Promise<{ ok: true; entry: LiveEntry } | BindingFailure> {
  if (typeof stash !== 'string') {
    return { ok: false, error: 'invalid_argument', message: 'A stash is named by its id or its slug.' }
  }
  const known = peekStash(stash)
  if (known !== null) return { ok: true, entry: known }
  const id = await resolveStash(stash, env, context)
  if (!id.ok) return toFailure(id.refusal)
  const handles = { namespace: env.STASH, kv: env.SNAPSHOTS, mode: env.READ_MODE, context }
  const read = await readNewest({ url: '', stash: id.value, ...handles })
  return read.ok ? { ok: true, entry: read.value } : toFailure(read.refusal)
}

/** A text that is neither an id nor a slug is taken for an id, which no stash has. */
async function resolveStash(stash: string, env: Env, context: ExecutionContext): Promise<Result<string>> {
  return isSlug(stash) ? resolveSlug(stash, env, context) : { ok: true, value: stash }
}

function toFailure({ code }: Refusal): BindingFailure {
  return code === 'stash_not_found'
    ? { ok: false, error: 'stash_not_found', message: 'There is no such stash.' }
    : { ok: false, error: 'unreachable', message: 'The stash cannot be reached now.' }
}
