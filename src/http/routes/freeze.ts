/**
 * `/stash/{id}/freeze`: starts and ends a freeze. During a freeze, a request to change flags or guards takes a token
 * that can break_glass, and a reason, unless it schedules the change for a time after the freeze. Time-boxes still end.
 */
import { Hono } from 'hono'
import { ok } from '../../model/refusal.ts'
import { writeAsTokenOrAdmin } from '../request/admin.ts'
import { parseTime } from '../../wire/field.ts'
import { readJson } from '../request/parse.ts'
import { json, toPendingEndsMembers } from '../response/reply.ts'
import { toIsoTimeOrNull } from '../response/time.ts'
import type { App, Ctx } from '../scope.ts'
import { freezeSpec, type frozen } from '../../wire/safeguard.ts'
import type * as z from 'zod'

const SPEC_MAX_BYTES = 16 * 1024

export const freeze = new Hono<App>().put('/stash/:stash/freeze', set).delete('/stash/:stash/freeze', (c) =>
  writeAsTokenOrAdmin(c, {
    read: async () => ok({ intent: { kind: 'unfreeze' } }),
    reply: ({ revision }) => json({ message: 'The freeze is over', revision }),
  }),
)

function set(c: Ctx): Promise<Response> {
  return writeAsTokenOrAdmin(c, {
    read: async () => {
      const spec = await readJson(c.req.raw, freezeSpec, { limit: SPEC_MAX_BYTES, empty: true })
      if (!spec.ok) return spec
      const until = spec.value.until === undefined ? null : parseTime(spec.value.until)
      return ok({ intent: { kind: 'freeze', until }, reason: spec.value.reason })
    },
    reply: ({ revision, pending, freeze: { until, reason } = { until: null, reason: null } }) => {
      const { ends, truncated } = toPendingEndsMembers(pending)
      return json({
        message: 'Frozen: changes are refused',
        revision,
        until: toIsoTimeOrNull(until),
        reason,
        reverts: ends,
        ...(truncated && { reverts_truncated: true }),
      } satisfies z.infer<typeof frozen>)
    },
  })
}
