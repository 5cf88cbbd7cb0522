/**
 * `/stash/{id}/tokens`: lists, creates, revokes and replaces tokens; `/stash/{id}/token` describes the caller's own. A secret is shown only in the response to the request that
 * creates it.
 */
import { Hono } from 'hono'
import { parseDuration } from '../../model/duration.ts'
import { ok, refuse } from '../../model/refusal.ts'
import { mintToken, SEED_BYTES, TOKEN_PREFIX } from '../../model/access/token.ts'
import type { TokenFacts } from '../../stash/tables/tokens.ts'
import { writeAsTokenOrAdmin } from '../request/admin.ts'
import { queryStash } from '../request/query.ts'
import { sha256 } from '../digest.ts'
import { readJson } from '../request/parse.ts'
import { json, toPendingEndsMembers } from '../response/reply.ts'
import { toIsoTime, toIsoTimeOrNull } from '../response/time.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import {
  rotateSpec,
  tokenSpec,
  type ownToken,
  type stashRecovered,
  type tokenCreated,
  type tokenList,
  type tokenReplaced,
  type tokenRevoked,
  type tokenRotated,
} from '../../wire/token.ts'
import { write } from '../request/write.ts'
import type * as z from 'zod'

const SPEC_MAX_BYTES = 16 * 1024

export const tokens = new Hono<App>()
  .get('/stash/:stash/tokens', list)
  .get('/stash/:stash/token', (c) =>
    queryStash(toWriteScope(c), {
      toQuery: () => ok({ kind: 'token' as const }),
      reply: (facts) => json(toOwnToken(facts) satisfies z.infer<typeof ownToken>),
    }),
  )
  .post('/stash/:stash/tokens', create)
  .post('/stash/:stash/tokens/rotate', rotate)
  .post('/stash/:stash/tokens/recover', recover)
  .post('/stash/:stash/tokens/:token/rotate', replace)
  .delete('/stash/:stash/tokens/:token', (c) =>
    write(toWriteScope(c), {
      read: async () => ok({ intent: { kind: 'revoke_token', tokenId: c.req.param('token') } }),
      reply: ({ revision, pending }) => {
        const { ends, truncated } = toPendingEndsMembers(pending)
        const left = ends.length === 0 ? '' : ' Time-boxes that the token had set still end: see "leaves".'
        return json({
          message: `Token revoked: it is no longer valid.${left}`,
          revision,
          leaves: ends,
          ...(truncated && { leaves_truncated: true }),
        } satisfies z.infer<typeof tokenRevoked>)
      },
    }),
  )

const createSecret = (): string => mintToken(TOKEN_PREFIX, crypto.getRandomValues(new Uint8Array(SEED_BYTES)))

async function create(c: Ctx): Promise<Response> {
  const secret = createSecret()
  const hash = await sha256(secret)
  return write(toWriteScope(c), {
    read: async () => {
      const spec = await readJson(c.req.raw, tokenSpec, { limit: SPEC_MAX_BYTES })
      if (!spec.ok) return spec
      const { label, can, keys, expires_in } = spec.value
      const expiresInMs = expires_in === undefined ? null : parseDuration(expires_in)
      return ok({ intent: { kind: 'add_token', hash, label, can: [...new Set(can)], keys, expiresInMs } })
    },
    reply: ({ token, revision }) => {
      if (token === undefined) throw new Error('the stash created no token')
      const { id, label, can, keys, expiresAt } = token
      return json({
        token_id: id,
        token: secret,
        label,
        can,
        keys,
        expires_at: toIsoTimeOrNull(expiresAt),
        message: 'Token created. It is shown this once: keep it.',
        revision,
      } satisfies z.infer<typeof tokenCreated>)
    },
    // A repeat would need the secret of the first answer, and only its hash is kept.
    repeatable: false,
  })
}

async function rotate(c: Ctx): Promise<Response> {
  const secret = createSecret()
  const hash = await sha256(secret)
  return write(toWriteScope(c), {
    read: async () => {
      const spec = await readJson(c.req.raw, rotateSpec, { limit: SPEC_MAX_BYTES, empty: true })
      if (!spec.ok) return spec
      const overlapMs = spec.value.overlap === undefined ? 0 : (parseDuration(spec.value.overlap) ?? 0)
      return ok({ intent: { kind: 'rotate_master', hash, overlapMs } })
    },
    reply: ({ token, oldTokenUntil = 0, revision }) =>
      json({
        token_id: token?.id ?? '',
        token: secret,
        master_token: secret,
        old_token_until: toIsoTime(oldTokenUntil),
        message: 'New master token. It is shown this once: keep it.',
        revision,
      } satisfies z.infer<typeof tokenRotated>),
    repeatable: false,
  })
}

/** Creates the successor of a token, with the same label. */
async function replace(c: Ctx): Promise<Response> {
  const secret = createSecret()
  const hash = await sha256(secret)
  return write(toWriteScope(c), {
    read: async () => {
      const spec = await readJson(c.req.raw, rotateSpec, { limit: SPEC_MAX_BYTES, empty: true })
      if (!spec.ok) return spec
      const overlapMs = spec.value.overlap === undefined ? 0 : (parseDuration(spec.value.overlap) ?? 0)
      return ok({ intent: { kind: 'rotate_token', tokenId: c.req.param('token') ?? '', hash, overlapMs } })
    },
    reply: ({ token, oldTokenUntil, revision }) => {
      if (token === undefined || oldTokenUntil === undefined) throw new Error('the stash created no token')
      const { id, label, can, keys, expiresAt } = token
      return json({
        token_id: id,
        token: secret,
        label,
        can,
        keys,
        expires_at: toIsoTimeOrNull(expiresAt),
        old_token_until: toIsoTime(oldTokenUntil),
        message: 'Token replaced. The new one is shown this once: keep it.',
        revision,
      } satisfies z.infer<typeof tokenReplaced>)
    },
    repeatable: false,
  })
}

/** Creates a new master token, for the operator of the deployment, if the old one is lost or has leaked. */
async function recover(c: Ctx): Promise<Response> {
  const secret = createSecret()
  const hash = await sha256(secret)
  return writeAsTokenOrAdmin(c, {
    parameters: ['all'],
    read: async (_, { all = '0' }) =>
      /^[01]$/.test(all)
        ? ok({ intent: { kind: 'recover', hash, all: all === '1' } })
        : refuse({ code: 'invalid_query', parameter: 'all', expected: '0 or 1' }),
    reply: ({ token, tokensLeft = [], revision }) =>
      json({
        token_id: token?.id ?? '',
        token: secret,
        master_token: secret,
        leaves: tokensLeft.map(({ id, ...left }) => ({ token_id: id, ...left })),
        message: 'New master token. It is shown this once: keep it. Older master tokens have ended.',
        revision,
      } satisfies z.infer<typeof stashRecovered>),
    repeatable: false,
  })
}

function list(c: Ctx): Promise<Response> {
  return queryStash(toWriteScope(c), {
    toQuery: () => ok({ kind: 'tokens' as const }),
    reply: ({ tokens: all }) =>
      json({
        stash_id: c.req.param('stash') ?? '',
        tokens: all.map((facts) => ({ ...toOwnToken(facts), last_used_at: toIsoTimeOrNull(facts.lastUsedAt) })),
      } satisfies z.infer<typeof tokenList>),
  })
}

const toOwnToken = ({ token, createdAt, madeBy }: TokenFacts): z.infer<typeof ownToken> => ({
  token_id: token.id,
  label: token.label,
  master: token.master,
  can: token.can,
  keys: token.keys,
  created_at: toIsoTime(createdAt),
  expires_at: toIsoTimeOrNull(token.expiresAt),
  made_by: madeBy,
  // During a deploy the object may still run the previous version, which does not send the holder.
  holder: token.holder ?? null,
})
