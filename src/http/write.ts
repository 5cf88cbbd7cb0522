/**
 * How every write goes: who asks, for which stash, what for; then one call to the object. The body is read
 * only once the rest could be right, and nothing is believed before the object has.
 */
import type { Applied, Command, Credential, Intent, Timing } from '../model/intent.ts'
import type { Precondition } from '../model/precondition.ts'
import { ok, refuse, type Result } from '../model/refusal.ts'
import { turnDownCounting } from './abuse.ts'
import { parseStashId } from './address.ts'
import type { WriteScope } from './scope.ts'
import { credentialOf } from './credential.ts'
import { readCircumstances, readQuery, readTiming } from './parse.ts'
import { heedWrite } from './read.ts'
import { json, turnDown } from './reply.ts'
import { timeOrNull } from './time.ts'
import type { heldReply } from './wire-safeguards.ts'
import type * as z from 'zod'

/** On which condition, when and for how long: to be spread into the intent. */
export type Terms = { condition?: Precondition } & Timing

/** What the body says beside the intent itself. It goes before what the query says. */
export type Wanted = { intent: Intent; reason?: string | undefined }

type Write = {
  read(terms: Terms, query: Partial<Record<string, string>>): Promise<Result<Wanted>>
  reply(applied: Applied): Response
  /** Where the change waits instead of being applied: 202, unless waiting is what was asked for. */
  replyHeld?(held: NonNullable<Applied['held']>, applied: Applied): Response
  /** Whether the stash is asked even without a token: its profile may allow it. */
  tokenless?: boolean
  /** Whether the answer can be given again under its Idempotency-Key. Default: it can. */
  repeatable?: boolean
  /** Whether `for` and `at` mean something. Default: they do not. */
  timed?: boolean
  /** Other parameters that the route knows. */
  parameters?: string[]
}

export async function write(
  { request, stash, namespace, logins }: WriteScope,
  {
    read,
    reply,
    replyHeld = replyWaiting,
    tokenless = false,
    repeatable = true,
    timed = false,
    parameters = [],
  }: Write,
): Promise<Response> {
  const credential = await credentialFor(request, tokenless)
  if (!credential.ok) return turnDownCounting(request, logins, credential.refusal)
  const id = parseStashId(namespace, stash)
  if (!id.ok) return turnDown(id.refusal)
  const stub = namespace.get(id.value)

  const known = ['reason', ...(timed ? ['for', 'at'] : []), ...parameters]
  const command = await readCommand(request, credential.value, known, read)
  if (!command.ok) {
    // Whoever may not write is told that, and not what is wrong with a body nobody would have taken.
    const standing = await stub.ask(credential.value, { kind: 'standing' })
    return turnDownCounting(request, logins, standing.ok ? command.refusal : standing.refusal)
  }
  if (!repeatable) delete command.value.idempotencyKey
  const applied = await stub.apply(command.value)
  if (!applied.ok) return turnDownCounting(request, logins, applied.refusal)
  const { held, revision } = applied.value
  if (held !== undefined && applied.value.preview === undefined) return replyHeld(held, applied.value)
  heedWrite(stash, revision)
  return reply(applied.value)
}

async function readCommand(
  request: Request,
  credential: Credential,
  parameters: string[],
  read: Write['read'],
): Promise<Result<Command>> {
  const query = readQuery(request.url, parameters)
  if (!query.ok) return query
  const circumstances = readCircumstances(request, query.value)
  if (!circumstances.ok) return circumstances
  const timing = readTiming(query.value)
  if (!timing.ok) return timing
  const { condition, ...rest } = circumstances.value
  if (rest.idempotencyKey !== undefined && credential.kind === 'none') {
    const expected = 'a token beside it: without one, nobody can tell whose repeat it is'
    return refuse({ code: 'invalid_header', header: 'Idempotency-Key', expected })
  }
  const terms = { ...timing.value, ...(condition !== undefined && { condition }) }
  const wanted = await read(terms, query.value)
  if (!wanted.ok) return wanted
  const { intent, reason } = wanted.value
  const hasOwn = 'condition' in intent || intent.kind === 'hold_for_link'
  const dryRun = query.value['dry_run'] === '1'
  return ok({
    credential,
    intent,
    ...rest,
    ...(!hasOwn && condition !== undefined && { condition }),
    ...(reason !== undefined && { reason }),
    ...(dryRun && { dryRun }),
  })
}

export function replyWaiting(held: NonNullable<Applied['held']>): Response {
  const { id, waitsFor = 'link', expires_at, dueAt = null } = held
  return json(
    {
      message: MESSAGES[waitsFor],
      held_id: id,
      waits_for: waitsFor,
      due_at: timeOrNull(dueAt),
      expires_at: timeOrNull(expires_at),
    } satisfies z.infer<typeof heldReply>,
    {},
    202,
  )
}

const MESSAGES = {
  approval: 'Held: nothing has changed yet. Another token that can "approve" releases it.',
  time: 'Held: nothing has changed yet. It happens at its time.',
  link: 'Held: nothing has changed yet. Its link releases it.',
}

async function credentialFor(request: Request, tokenless: boolean): Promise<Result<Credential>> {
  const credential = await credentialOf(request)
  return tokenless && !request.headers.has('Authorization') ? ok({ kind: 'none' }) : credential
}
