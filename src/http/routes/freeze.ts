/**
 * `/stash/{id}/freeze`: starts and ends a freeze, of every key or of those that patterns match. During a freeze, a request to
 * change the frozen flags or their guards takes a token that can break_glass, and a reason, unless it schedules the change for a
 * time after the freeze. Time-boxes still end.
 */
import { Hono } from 'hono'
import { toPatternSet } from '../../model/access/pattern.ts'
import { FREEZE_MAX_PATTERNS } from '../../model/freeze.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import { writeAsTokenOrAdmin } from '../request/admin.ts'
import { parseTime } from '../../wire/field.ts'
import { readJson } from '../request/parse.ts'
import { json, toFreezeMember, toPendingEndsMembers } from '../response/reply.ts'
import { toIsoTimeOrNull } from '../response/time.ts'
import type { App, Ctx } from '../scope.ts'
import { freezeKeys, freezeSpec, type frozen, type unfrozen } from '../../wire/safeguard.ts'
import type * as z from 'zod'

/** Enough for the longest patterns and the longest reason, all of it escaped. */
const SPEC_MAX_BYTES = 32 * 1024

export const freeze = new Hono<App>().put('/stash/:stash/freeze', set).delete('/stash/:stash/freeze', end)

function set(c: Ctx): Promise<Response> {
  return writeAsTokenOrAdmin(c, {
    read: async () => {
      const spec = await readJson(c.req.raw, freezeSpec, { limit: SPEC_MAX_BYTES, empty: true })
      if (!spec.ok) return spec
      const { reason } = spec.value
      const until = spec.value.until === undefined ? null : parseTime(spec.value.until)
      const keys = spec.value.keys === undefined ? null : toPatternSet(spec.value.keys)
      if (keys === null) return ok({ intent: { kind: 'freeze', until }, reason })
      return ok({ intent: { kind: 'freeze_keys', keys, until }, reason })
    },
    reply: ({ revision, pending, freeze: { until, reason, keys = null } = { until: null, reason: null } }) => {
      const { ends, truncated } = toPendingEndsMembers(pending)
      return json({
        message: keys === null ? 'Frozen: changes are refused' : 'Frozen: changes of these keys are refused',
        revision,
        keys,
        until: toIsoTimeOrNull(until),
        reason,
        reverts: ends,
        ...(truncated && { reverts_truncated: true }),
      } satisfies z.infer<typeof frozen>)
    },
  })
}

function end(c: Ctx): Promise<Response> {
  return writeAsTokenOrAdmin(c, {
    parameters: ['keys'],
    read: async (_, query) => {
      const keys = parseFreezeKeys(query['keys'])
      if (!keys.ok) return keys
      return ok({ intent: keys.value === null ? { kind: 'unfreeze' } : { kind: 'unfreeze_keys', keys: keys.value } })
    },
    reply: ({ revision, still }) =>
      json({
        message: 'The freeze is over',
        revision,
        ...(still && { still: still.map(toFreezeMember) }),
      } satisfies z.infer<typeof unfrozen>),
  })
}

/** The set of patterns in `?keys=a,checkout.*`; null for the freeze of every key. */
function parseFreezeKeys(text: string | undefined): Result<string[] | null> {
  if (text === undefined) return ok(null)
  const keys = freezeKeys.safeParse(text.split(','))
  if (keys.success) return ok(toPatternSet(keys.data))
  const expected = `the patterns of a freeze, separated by commas, at most ${FREEZE_MAX_PATTERNS}`
  return refuse({ code: 'invalid_query', parameter: 'keys', expected })
}
