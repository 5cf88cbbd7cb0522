/** `/stash/{id}/held`: lists, approves and drops held changes, and makes links that approve one. */
import { Hono } from 'hono'
import { formatDuration } from '../../model/duration.ts'
import type { Holdable } from '../../model/intent.ts'
import { ok } from '../../model/refusal.ts'
import type { HeldPage } from '../../stash/query/query-held.ts'
import { queryStash } from '../request/query.ts'
import { makeLink } from './links.ts'
import { parseCount } from '../request/parse.ts'
import { json, toTimeBoxMembers } from '../response/reply.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import type { changeApplied, heldList } from '../../wire/safeguard.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

const PAGE = { least: 1, most: 500, absent: 100 }

export const held = new Hono<App>()
  .get('/stash/:stash/held', list)
  .delete('/stash/:stash/held/:held', (c) =>
    write(toWriteScope(c), {
      read: async () => ok({ intent: { kind: 'drop_held', heldId: c.req.param('held') } }),
      reply: ({ revision }) => json({ message: 'Dropped: the change will not be made', revision }),
    }),
  )
  .post('/stash/:stash/held/:held/approve', (c) =>
    write(toWriteScope(c), {
      read: async () => ok({ intent: { kind: 'approve', heldId: c.req.param('held') } }),
      reply: ({ revision, changed, reverts }) =>
        json({
          message: 'Approved and applied',
          revision,
          changed,
          ...toTimeBoxMembers(reverts),
        } satisfies z.infer<typeof changeApplied>),
    }),
  )
  .post('/stash/:stash/held/:held/presign', (c) =>
    makeLink(c, {
      read: async ({ secretHash, expiresAt }) =>
        ok({ kind: 'hold_approval_for_link', heldId: c.req.param('held'), secretHash, expiresAt }),
      operation: 'approve',
    }),
  )

function list(c: Ctx): Promise<Response> {
  return queryStash(toWriteScope(c), {
    parameters: ['after', 'limit'],
    toQuery: (query) => {
      const after = parseCount('after', query['after'], { least: 0, most: Number.MAX_SAFE_INTEGER, absent: 0 })
      if (!after.ok) return after
      const limit = parseCount('limit', query['limit'], PAGE)
      return limit.ok ? ok({ kind: 'held' as const, after: after.value, limit: limit.value }) : limit
    },
    reply: ({ held: page, next, freeze, freezes }) =>
      json({
        stash_id: c.req.param('stash') ?? '',
        held: page.map(toHeldMember),
        next,
        ...(freeze !== undefined && { freeze: freeze && { ...freeze, until: toIsoTimeOrNull(freeze.until) } }),
        ...(freezes && { freezes: freezes.map((one) => ({ ...one, until: toIsoTimeOrNull(one.until) })) }),
      } satisfies z.infer<typeof heldList>),
  })
}

type Listed = HeldPage['held'][number]
type Shown = z.infer<typeof heldList>['held'][number]

const WAITS_FOR = { link: 'link', approval: 'approval', schedule: 'time', revert: 'time' } as const

function toHeldMember({ kind, ...held }: Listed): Shown {
  const shown = kind as keyof typeof WAITS_FOR
  return {
    held_id: held.id,
    kind: shown,
    waits_for: WAITS_FOR[shown],
    change: toChangeMember(held.change),
    keys: held.keys,
    made_by: held.madeBy,
    made_at: toIsoTime(held.made_at),
    reason: held.reason,
    due_at: kind === 'approval' ? null : toIsoTimeOrNull(held.due_at),
    expires_at: toIsoTimeOrNull(held.expires_at),
    decision: held.decision,
    ends: held.ends,
    approved_by: held.approved_by?.label ?? null,
    set_by: held.set_by ? { token_id: held.set_by.id, label: held.set_by.label } : null,
  }
}

/**
 * The change with the field names of its write: `for` and `at` as in a query, preconditions as `if_match` and
 * `if_none_match`.
 */
function toChangeMember(change: Holdable): Shown['change'] {
  if (change.kind === 'approve') return { kind: 'approve', held_id: change.heldId }
  const { condition, at, forMs, ...rest } = { condition: undefined, at: undefined, forMs: undefined, ...change }
  const conditions = {
    ...(condition?.ifMatch && { if_match: condition.ifMatch }),
    ...(condition?.ifNoneMatch && { if_none_match: condition.ifNoneMatch }),
  }
  return {
    ...rest,
    ...conditions,
    ...(at !== undefined && { at: toIsoTime(at) }),
    ...(forMs !== undefined && { for: formatDuration(forMs) }),
  }
}
