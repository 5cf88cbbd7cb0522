/** `/stash/{id}/history`: lists and verifies the history, and undoes a revision. */
import { Hono } from 'hono'
import type { Detail } from '../../model/entry.ts'
import { ok } from '../../model/refusal.ts'
import type { LoggedEntry } from '../../stash/tables/log.ts'
import { parseKey } from '../request/address.ts'
import { queryStash } from '../request/query.ts'
import { parseCount, readJson } from '../request/parse.ts'
import { json, toTimeBoxMembers } from '../response/reply.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { undoSpec, type history as historyPage, type historyEntry, type verified } from '../../wire/history.ts'
import type { changeApplied } from '../../wire/safeguard.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

const SPEC_MAX_BYTES = 16 * 1024

export const history = new Hono<App>()
  .get('/stash/:stash/history', list)
  .get('/stash/:stash/history/verify', verify)
  .post('/stash/:stash/undo', (c) =>
    write(toWriteScope(c), {
      timed: true,
      read: async (options) => {
        const spec = await readJson(c.req.raw, undoSpec, { limit: SPEC_MAX_BYTES })
        if (!spec.ok) return spec
        const { revision, reason } = spec.value
        return ok({ intent: { kind: 'undo', revision, ...options }, reason })
      },
      reply: ({ revision, changed, reverts }) =>
        json({ message: 'Undone', revision, changed, ...toTimeBoxMembers(reverts) } satisfies z.infer<
          typeof changeApplied
        >),
    }),
  )

function list(c: Ctx): Promise<Response> {
  return queryStash(toWriteScope(c), {
    parameters: ['key', 'before', 'limit'],
    toQuery: (query) => {
      const key = query['key'] === undefined ? ok(null) : parseKey(query['key'])
      if (!key.ok) return key
      const before = parseCount('before', query['before'], { least: 1, most: Number.MAX_SAFE_INTEGER, absent: null })
      if (!before.ok) return before
      const limit = parseCount('limit', query['limit'], { least: 1, most: 200, absent: 50 })
      if (!limit.ok) return limit
      return ok({ kind: 'history' as const, key: key.value, before: before.value, limit: limit.value })
    },
    reply: ({ entries, next, first }) =>
      json({
        stash_id: c.req.param('stash') ?? '',
        entries: entries.map(toHistoryEntry),
        next,
        first,
      } satisfies z.infer<typeof historyPage>),
  })
}

/** Verifies the history in slices, one query each, so that the stash can serve other requests in between. */
function verify(c: Ctx): Promise<Response> {
  return queryStash(toWriteScope(c), {
    toQuery: () => ok({ kind: 'verify' as const, after: 0 }),
    reply: async (answer, queryAgain) => {
      let slice = answer
      while (slice.failure === null && slice.upTo < slice.head) {
        const next = await queryAgain({ kind: 'verify', after: slice.upTo })
        if (!next.ok) throw new Error(`the stash stopped answering: ${next.refusal.code}`)
        slice = next.value
      }
      const { failure, first, head } = slice
      const message =
        failure === null
          ? `Entries ${first} to ${head} are unchanged since they were written.`
          : `Revision ${failure.revision} has been altered since it was written.`
      const valid = failure === null
      const body = { stash_id: c.req.param('stash') ?? '', valid, first, head, failure, message }
      return json(body satisfies z.infer<typeof verified>)
    },
  })
}

function toHistoryEntry({ detail, ...entry }: LoggedEntry): z.infer<typeof historyEntry> {
  // The text is a Detail, because only the stash writes this column.
  const details = detail === null ? {} : (JSON.parse(detail) as Detail)
  const items = entry.changes.filter(({ what }) => what === 'item')
  const guards = entry.changes.filter(({ what }) => what === 'guard')
  return {
    revision: entry.revision,
    at: toIsoTime(entry.at),
    kind: entry.kind,
    who: entry.actor,
    token_id: entry.actorId,
    reason: entry.reason,
    changes: items.map(({ key, before, after }) => ({
      key,
      before: before?.value ?? null,
      after: after?.value ?? null,
    })),
    ...(guards.length > 0 && {
      guards: guards.map(({ key, before, after }) => ({ key, before: parseLogged(before), after: parseLogged(after) })),
    }),
    ...(entry.heldId !== null && { held_id: entry.heldId }),
    ...toDetailMembers(details),
    hash: entry.hash,
  }
}

const parseLogged = (logged: { value: string } | null): unknown => (logged === null ? null : JSON.parse(logged.value))

function toDetailMembers({
  approvedBy,
  setBy,
  brokeGlass,
  pressedReason,
  revertsAt,
  freeze,
  token,
  oldUntil,
  dropped,
  // These two are left out, because only watchers need them. GET …/held lists the pending time-boxes with their values.
  goesBack: _goesBack,
  unboxed: _unboxed,
  ...same
}: Detail): object {
  return {
    ...same,
    ...(approvedBy && { approved_by: toPersonMember(approvedBy) }),
    ...(setBy && { set_by: toPersonMember(setBy) }),
    ...(brokeGlass && { broke_glass: brokeGlass }),
    ...(pressedReason !== undefined && { pressed_reason: pressedReason }),
    ...(revertsAt !== undefined && { reverts_at: toIsoTime(revertsAt) }),
    ...(freeze && { freeze: { ...freeze, until: toIsoTimeOrNull(freeze.until) } }),
    ...(token && { token: toTokenMember(token) }),
    ...(oldUntil !== undefined && { old_token_until: toIsoTime(oldUntil) }),
    ...(dropped && { dropped: toDroppedMember(dropped) }),
  }
}

const toPersonMember = ({ id, label, reason }: NonNullable<Detail['approvedBy']>): object => ({
  token_id: id,
  label,
  ...(reason !== undefined && { reason }),
})

const toTokenMember = ({ id, label, can, keys, expiresAt }: NonNullable<Detail['token']>): object => ({
  token_id: id,
  label,
  can,
  keys,
  expires_at: toIsoTimeOrNull(expiresAt),
})

const toDroppedMember = ({ id, madeBy, ...rest }: NonNullable<Detail['dropped']>): object => ({
  held_id: id,
  made_by: madeBy,
  ...rest,
})
