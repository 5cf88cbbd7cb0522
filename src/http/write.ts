/**
 * How every write goes: who asks, for which stash, what for; then one call to the object. The body is read
 * only once the rest could be right, and nothing is believed before the object has.
 */
import type { Applied, Command, Credential, Intent } from '../model/intent.ts'
import type { Precondition } from '../model/precondition.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { turnDownCounting } from './abuse.ts'
import { parseStashId } from './address.ts'
import type { WriteScope } from './scope.ts'
import { credentialOf } from './credential.ts'
import { readCircumstances, readQuery } from './parse.ts'
import { heedWrite } from './read.ts'
import { isoTime, json, turnDown } from './reply.ts'

type Write = {
  /** The intent in this request; `condition` is to be spread into it. */
  read(condition: { condition?: Precondition }): Promise<Result<Intent>>
  reply(applied: Applied): Response
  /** Where the change waits instead of being applied: 202, unless waiting is what was asked for. */
  replyHeld?(held: NonNullable<Applied['held']>): Response
  /** Whether the stash is asked even without a token: its profile may allow it. */
  tokenless?: boolean
  /** Whether the answer can be given again under its Idempotency-Key. Default: it can. */
  repeatable?: boolean
}

export async function write(
  { request, stash, namespace, logins }: WriteScope,
  { read, reply, replyHeld = replyWaiting, tokenless = false, repeatable = true }: Write,
): Promise<Response> {
  const credential = await credentialFor(request, tokenless)
  if (!credential.ok) return turnDownCounting(request, logins, credential.refusal)
  const id = parseStashId(namespace, stash)
  if (!id.ok) return turnDown(id.refusal)
  const stub = namespace.get(id.value)

  const command = await readCommand(request, credential.value, read)
  if (!command.ok) {
    // Whoever may not write is told that, and not what is wrong with a body nobody would have taken.
    const standing = await stub.ask(credential.value, { kind: 'standing' })
    return turnDownCounting(request, logins, standing.ok ? command.refusal : standing.refusal)
  }
  if (!repeatable) delete command.value.idempotencyKey
  const applied = await stub.apply(command.value)
  if (!applied.ok) return turnDownCounting(request, logins, applied.refusal)
  const { held, revision } = applied.value
  if (held !== undefined) return replyHeld(held)
  heedWrite(stash, revision)
  return reply(applied.value)
}

async function readCommand(request: Request, credential: Credential, read: Write['read']): Promise<Result<Command>> {
  const query = readQuery(request.url, ['reason'])
  if (!query.ok) return query
  const circumstances = readCircumstances(request, query.value)
  if (!circumstances.ok) return circumstances
  const { condition, ...rest } = circumstances.value
  if (rest.idempotencyKey !== undefined && credential.kind === 'none') {
    const expected = 'a token beside it: without one, nobody can tell whose repeat it is'
    return refuse({ code: 'invalid_header', header: 'Idempotency-Key', expected })
  }
  const intent = await read(condition === undefined ? {} : { condition })
  return intent.ok ? ok({ credential, intent: intent.value, ...rest }) : intent
}

const replyWaiting = (held: NonNullable<Applied['held']>): Response =>
  json({ message: 'Held: nothing has changed yet', held_id: held.id, expires_at: isoTime(held.expires_at) }, {}, 202)

async function credentialFor(request: Request, tokenless: boolean): Promise<Result<Credential>> {
  const credential = await credentialOf(request)
  return tokenless && !request.headers.has('Authorization') ? ok({ kind: 'none' }) : credential
}
