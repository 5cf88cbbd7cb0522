/**
 * How every write goes: who asks, for which stash, what for; then one call to the object. The body is read
 * only once the rest could be right, and nothing is believed before the object has.
 */
import type { Applied, Credential, Intent } from '../model/intent.ts'
import type { Precondition } from '../model/precondition.ts'
import { ok, type Result } from '../model/refusal.ts'
import { turnDownCounting } from './abuse.ts'
import { parseStashId } from './address.ts'
import type { Ctx } from './bindings.ts'
import { credentialOf } from './credential.ts'
import { readCircumstances, readQuery } from './parse.ts'
import { heedWrite } from './read.ts'
import { turnDown } from './reply.ts'

type Write = {
  /** The intent in this request; `condition` is to be spread into it. */
  read(condition: { condition?: Precondition }): Promise<Result<Intent>>
  reply(applied: Applied): Response
  /** Whether the stash is asked even without a token: its profile may allow it. */
  tokenless?: boolean
  /** Whether the answer can be given again under its Idempotency-Key. Default: it can. */
  repeatable?: boolean
}

export async function write(c: Ctx, { read, reply, tokenless = false, repeatable = true }: Write): Promise<Response> {
  const request = c.req.raw
  const credential = await credentialFor(request, tokenless)
  if (!credential.ok) return turnDownCounting(request, c.env.FAILED_LOGINS, credential.refusal)
  const id = parseStashId(c.env.STASH, c.req.param('stash') ?? '')
  if (!id.ok) return turnDown(id.refusal)
  const query = readQuery(request.url, ['reason'])
  if (!query.ok) return turnDown(query.refusal)
  const circumstances = readCircumstances(request, query.value)
  if (!circumstances.ok) return turnDown(circumstances.refusal)

  const { condition, ...rest } = circumstances.value
  if (!repeatable) delete rest.idempotencyKey
  const intent = await read(condition === undefined ? {} : { condition })
  if (!intent.ok) return turnDown(intent.refusal)

  const applied = await c.env.STASH.get(id.value).apply({ credential: credential.value, intent: intent.value, ...rest })
  if (!applied.ok) return turnDownCounting(request, c.env.FAILED_LOGINS, applied.refusal)
  heedWrite(id.value.toString(), applied.value.revision)
  return reply(applied.value)
}

async function credentialFor(request: Request, tokenless: boolean): Promise<Result<Credential>> {
  const credential = await credentialOf(request)
  const missing = !credential.ok && credential.refusal.code === 'token_missing'
  return missing && tokenless ? ok({ kind: 'none' }) : credential
}
