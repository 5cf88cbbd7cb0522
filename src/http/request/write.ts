/**
 * A write to a stash, except its creation and the use of a link: parses the credential, the stash id, the query and the body,
 * then calls the object to apply the command. A body that is long, or that may hold guards, is read only after another call
 * has authenticated the token, because parsing costs CPU and anyone can send a request.
 */
import type { Applied, Command, Credential, Intent, Timing } from '../../model/intent.ts'
import type { Precondition } from '../../model/decide/precondition.ts'
import { ok, refuse, type Refusal, type Result } from '../../model/refusal.ts'
import type { QueryResult } from '../../stash/query/query.ts'
import { checkLoginLimit, noteSuccessfulLogin, problemResponseCountingFailures } from '../rate-limit.ts'
import { parseStashId } from './address.ts'
import type { WriteScope } from '../scope.ts'
import { parseCredential } from './credential.ts'
import { isDryRun, parseWriteMetadata, parseQuery, parseSwitch, parseTiming } from './parse.ts'
import { applyDryRun } from './dry-run.ts'
import { refineNotFound, noteWrite } from '../response/read-snapshot.ts'
import { dryRunResponse } from '../response/dry-run.ts'
import { json, problemResponse } from '../response/reply.ts'
import { toIsoTimeOrNull } from '../response/time.ts'
import type { heldReply } from '../../wire/safeguard.ts'
import type * as z from 'zod'

/** The precondition, time and duration of a change, which are spread into its intent. */
export type ChangeOptions = { condition?: Precondition } & Timing

/** The intent and the other fields of the body. `reason` here wins over `?reason=`. */
export type ParsedWrite = { intent: Intent; reason?: string | undefined }

type WriteSpec = {
  read(options: ChangeOptions, query: Partial<Record<string, string>>): Promise<Result<ParsedWrite>>
  /** The response to the write. Not called for a dry run: all dry runs have one response. */
  reply(applied: Applied): Response
  /** The response if the change is held instead of applied. Default: 202. */
  replyHeld?(held: NonNullable<Applied['held']>, applied: Applied): Response
  /** Whether the write goes to the stash even without a token: the stash's profile may allow it. */
  tokenless?: boolean
  /** Whether a repeat under the same Idempotency-Key can get the same answer. Default: true. */
  repeatable?: boolean
  /** Whether the route takes `for` and `at`. Default: false. */
  timed?: boolean
  /** The query parameters of the route besides `reason`, `for`, `at` and `dry_run`. */
  parameters?: string[]
  /** Whether the body may hold guards: then it is read only for an authenticated caller. */
  bodyMayHoldGuards?: boolean
  /** Work outside the stash between reading and applying. The caller is authenticated before. A dry run must change nothing. */
  prepare?(command: Command, caller: Standing & { dryRun: boolean }): Promise<Result<unknown>>
}

/** What the stash says of an accepted credential. */
export type Standing = Extract<QueryResult, { kind: 'standing' }>

/** The longest body that is read for an unauthenticated caller: parsing it costs less than a call to the object. */
const UNAUTHENTICATED_MAX_BYTES = 64 * 1024

export async function write(
  { request, stash, logins, credential: given, ...handles }: WriteScope,
  {
    read,
    reply,
    replyHeld = heldResponse,
    tokenless = false,
    repeatable = true,
    timed = false,
    parameters = [],
    bodyMayHoldGuards = false,
    prepare,
  }: WriteSpec,
): Promise<Response> {
  const { namespace } = handles
  const refuseWrite = async (refusal: Refusal): Promise<Response> =>
    problemResponseCountingFailures(request, logins, await refineNotFound(handles, stash, refusal))
  const credential = given === undefined ? await parseWriteCredential(request, tokenless) : ok(given)
  if (!credential.ok) return problemResponseCountingFailures(request, logins, credential.refusal)
  const id = parseStashId(namespace, stash)
  if (!id.ok) return problemResponse(id.refusal)
  const limited = checkLoginLimit(request, stash, credential.value)
  if (limited !== null) return problemResponse(limited)
  const stub = namespace.get(id.value)
  const dryRun = isDryRun(request)

  /** Asks the stash whether it accepts the credential. Each write calls this at most once. */
  const authenticate = async (): Promise<Result<QueryResult>> =>
    stub.ask(credential.value, { kind: 'standing', ...(dryRun && { dryRun }) })
  const authenticatesFirst = bodyMayHoldGuards || prepare !== undefined || mayBeLong(request)
  const standing = authenticatesFirst ? await authenticate() : null
  if (standing !== null && !standing.ok) return refuseWrite(standing.refusal)

  const allowed = ['reason', ...(timed ? ['for', 'at'] : []), ...parameters, 'dry_run']
  const command = await readCommand(request, credential.value, allowed, read)
  if (!command.ok) {
    // A caller without a valid credential is told only that, and nothing about the body.
    const late = authenticatesFirst ? null : await authenticate()
    return refuseWrite(late === null || late.ok ? command.refusal : late.refusal)
  }
  if (prepare !== undefined && standing?.value.kind === 'standing') {
    const prepared = await prepare(command.value, { ...standing.value, dryRun })
    if (!prepared.ok) return refuseWrite(prepared.refusal)
  }
  if (!repeatable) delete command.value.idempotencyKey
  const applied = await (dryRun ? applyDryRun(stub, command.value) : stub.apply(command.value))
  if (!applied.ok) return refuseWrite(applied.refusal)
  noteSuccessfulLogin(stash, credential.value)
  if (dryRun) return dryRunResponse(applied.value, command.value.intent.kind)
  const { held, revision } = applied.value
  if (held !== undefined) return replyHeld(held, applied.value)
  noteWrite(stash, revision)
  return reply(applied.value)
}

/** A body without a Content-Length may be as long as the route allows. */
function mayBeLong({ headers, body }: Request): boolean {
  const announced = headers.get('Content-Length')
  return announced === null ? body !== null : Number(announced) > UNAUTHENTICATED_MAX_BYTES
}

async function readCommand(
  request: Request,
  credential: Credential,
  parameters: string[],
  read: WriteSpec['read'],
): Promise<Result<Command>> {
  const query = parseQuery(request.url, parameters)
  if (!query.ok) return query
  const dryRun = parseSwitch('dry_run', query.value['dry_run'])
  if (!dryRun.ok) return dryRun
  const metadata = parseWriteMetadata(request, query.value)
  if (!metadata.ok) return metadata
  const timing = parseTiming(query.value)
  if (!timing.ok) return timing
  const { condition, ...rest } = metadata.value
  if (rest.idempotencyKey !== undefined && credential.kind === 'none') {
    const expected = 'a request with a token: without one the service cannot tell whose repeat it is'
    return refuse({ code: 'invalid_header', header: 'Idempotency-Key', expected })
  }
  const options = { ...timing.value, ...(condition !== undefined && { condition }) }
  const parsed = await read(options, query.value)
  if (!parsed.ok) return parsed
  const { intent, reason } = parsed.value
  const hasOwn = 'condition' in intent || intent.kind === 'hold_for_link'
  return ok({
    credential,
    intent,
    ...rest,
    ...(!hasOwn && condition !== undefined && { condition }),
    ...(reason !== undefined && { reason }),
  })
}

export function heldResponse(held: NonNullable<Applied['held']>): Response {
  const { id, waitsFor = 'link', expires_at, dueAt = null } = held
  return json(
    {
      message: MESSAGES[waitsFor],
      held_id: id,
      waits_for: waitsFor,
      due_at: toIsoTimeOrNull(dueAt),
      expires_at: toIsoTimeOrNull(expires_at),
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

async function parseWriteCredential(request: Request, tokenless: boolean): Promise<Result<Credential>> {
  const credential = await parseCredential(request)
  return tokenless && !request.headers.has('Authorization') ? ok({ kind: 'none' }) : credential
}
