/**
 * The response to a dry run of any write. It has no ETag, because the write made no version, and neither a secret nor an id of a
 * token, a link or a stash that the write would have made.
 */
import type { Applied, Intent } from '../../model/intent.ts'
import type { dryRun } from '../../wire/change.ts'
import { json, toPendingEndsMembers, toTimeBoxMembers } from './reply.ts'
import { toIsoTime } from './time.ts'
import type * as z from 'zod'

/** @param kind the intent, or `create_stash`, which is none: that request does not go to an object */
export function dryRunResponse(applied: Applied, kind: Intent['kind'] | 'create_stash'): Response {
  const { revision, held, reverts, pending, preview = [], does = null } = applied
  const items = preview.filter(({ what }) => what === 'item')
  const guards = preview.filter(({ what }) => what === 'guard')
  const { ends, truncated } = toPendingEndsMembers(pending)
  const { reverts_at } = toTimeBoxMembers(reverts)
  return json({
    message: toMessage(applied, kind),
    revision,
    changed: [],
    dry_run: true,
    does,
    changes: items.map(({ key, before, after }) => ({ key, before, after })),
    guards: guards.map(({ key, before, after }) => ({ key, before: parseGuard(before), after: parseGuard(after) })),
    ...(held && { waits_for: held.waitsFor ?? 'link' }),
    ...(typeof held?.dueAt === 'number' && { due_at: toIsoTime(held.dueAt) }),
    ...(typeof held?.expires_at === 'number' && { expires_at: toIsoTime(held.expires_at) }),
    ...(reverts_at !== undefined && { reverts_at }),
    ...(pending && { ends }),
    ...(truncated && { ends_truncated: true }),
  } satisfies z.infer<typeof dryRun>)
}

const UNLOGGED: string[] = ['delete_stash', 'create_stash']

function toMessage({ held, preview = [], does = null }: Applied, kind: string): string {
  if (preview.length > 0) return 'Nothing has changed. These are the changes that would be made'
  const hasEffect = held !== undefined || does !== null || UNLOGGED.includes(kind)
  return hasEffect ? 'Nothing has changed. The request would be accepted' : 'Nothing would change'
}

const parseGuard = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
