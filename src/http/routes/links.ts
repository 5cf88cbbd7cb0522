/**
 * One-time links: a change that is prepared with a token, and applied by a person without one, who presses the button of the
 * link's page or sends a POST.
 */
import { Hono } from 'hono'
import { LINK_LIFETIME_MS } from '../../model/held.ts'
import type { Credential, Intent } from '../../model/intent.ts'
import { ok, refuse, type Refusal, type RefusalCode, type Result } from '../../model/refusal.ts'
import { mintLink, SEED_BYTES, getLinkStash } from '../../model/access/token.ts'
import { countFailure, checkLoginLimit } from '../rate-limit.ts'
import { parseKey, parseStashId } from '../request/address.ts'
import { toWriteScope, type App, type Ctx } from '../scope.ts'
import { confirmPage, donePage, refusalPage, waitingPage } from './confirm-page.ts'
import { sha256 } from '../digest.ts'
import { readValue } from './items.ts'
import { REASON_MAX_CHARS } from '../../wire/field.ts'
import { applyDryRun } from '../request/dry-run.ts'
import { parseDryRun, parseWriteMetadata, readText } from '../request/parse.ts'
import { noteWrite } from '../response/read-snapshot.ts'
import { dryRunResponse } from '../response/dry-run.ts'
import { json, toTimeBoxMembers, problemResponse } from '../response/reply.ts'
import { toIsoTime } from '../response/time.ts'
import type { link, linkUsed } from '../../wire/link.ts'
import { heldResponse, write, type ChangeOptions } from '../request/write.ts'
import type * as z from 'zod'

export const links = new Hono<App>()
  .post('/item/:stash/:key/presign', presign)
  .post('/:stash{[0-9a-f]{64}}/:key/presign', presign)
  .get('/update', showLink)
  .post('/update', (c) => applyLink(c))

async function presign(c: Ctx): Promise<Response> {
  const key = parseKey(c.req.param('key') ?? '')
  if (!key.ok) return problemResponse(key.refusal)
  const operation = c.req.header('X-Operation') ?? 'upsert'
  if (operation !== 'upsert')
    return problemResponse({ code: 'invalid_header', header: 'X-Operation', expected: 'no value but "upsert"' })

  return makeLink(c, {
    operation: 'upsert',
    parameters: ['for', 'decision'],
    read: async ({ secretHash, expiresAt }, options, { decision }) => {
      if (c.req.header('Break-Glass') !== undefined) {
        const expected = 'no value here: a freeze is checked when the link is used'
        return refuse({ code: 'invalid_header', header: 'Break-Glass', expected })
      }
      if (decision !== undefined && !DECISION.test(decision)) {
        return refuse({
          code: 'invalid_query',
          parameter: 'decision',
          expected: '1 to 100 of the characters A-Z a-z 0-9 . _ -',
        })
      }
      const value = await readValue(c.req.raw)
      if (!value.ok) return value
      const change = { kind: 'put', key: key.value, ...value.value, ...options } as const
      return ok({ kind: 'hold_for_link', change, secretHash, expiresAt, ...(decision && { decision }) })
    },
  })
}

const DECISION = /^[A-Za-z0-9._-]{1,100}$/

type LinkSpec = {
  operation: z.infer<typeof link>['operation']
  parameters?: string[]
  /** Makes the intent that holds the change for the link. */
  read(
    secret: { secretHash: string; expiresAt: number },
    options: ChangeOptions,
    query: Partial<Record<string, string>>,
  ): Promise<Result<Intent>>
}

/** Makes a one-time link. The response has its secret; the stash stores only the hash. */
export async function makeLink(c: Ctx, { operation, read, ...rest }: LinkSpec): Promise<Response> {
  const secret = mintLink(c.req.param('stash') ?? '', crypto.getRandomValues(new Uint8Array(SEED_BYTES)))
  const secretHash = await sha256(secret)
  const expiresAt = Date.now() + LINK_LIFETIME_MS
  return write(toWriteScope(c), {
    ...rest,
    read: async (options, query) => {
      const intent = await read({ secretHash, expiresAt }, options, query)
      return intent.ok ? ok({ intent: intent.value }) : intent
    },
    reply: () => {
      throw new Error('the stash applied a change that should wait for its link')
    },
    replyHeld: ({ id, expires_at }) => {
      const { origin, pathname } = new URL(c.req.url)
      const url = `${origin}${pathname.startsWith('/api/') ? '/api' : ''}/update?token=${secret}`
      const body = { url, presigned_url: url, expires_at: toIsoTime(expires_at ?? expiresAt), operation, held_id: id }
      return json(body satisfies z.infer<typeof link>)
    },
    // A repeat would need the secret of the first answer, and only its hash is kept.
    repeatable: false,
  })
}

/**
 * Mail scanners and chat previews open every link, and some run the scripts they find. So outside the WrenDB profile GET changes
 * nothing: a browser gets a page whose button POSTs, any other client a 405 that says so. In the WrenDB profile GET applies any
 * change but an approval, as WrenDB's scripts expect. There a HEAD may apply it as well, because Workers Cache turns a HEAD into
 * a GET. A HEAD that Workers Cache has not turned into a GET never applies the change, and neither does a request that is marked
 * as a prefetch.
 */
async function showLink(c: Ctx): Promise<Response> {
  const request = c.req.raw
  const browser = isBrowser(request)
  if (request.method === 'HEAD' || isPrefetch(request)) return problemResponse({ code: 'link_not_pressed' })
  const link = await findLink(c)
  if (!link.ok) return linkProblemResponse(c, link.refusal, browser)

  const answer = await c.env.STASH.get(link.value.id).ask(link.value.credential, { kind: 'link' })
  // The link may have been used already: a repeat under the same Idempotency-Key gets the first answer again.
  if (!answer.ok && request.headers.has('Idempotency-Key')) return applyLink(c, link)
  if (!answer.ok) return linkProblemResponse(c, answer.refusal, browser)
  if (answer.value.kind !== 'link') throw new Error('the stash answered a different query than it was sent')
  // An approval is never applied on GET, in the WrenDB profile either: a mail scanner must not count as the second person.
  if (answer.value.profile === 'wrendb' && !answer.value.approves) return applyLink(c, link)
  if (!browser) return problemResponse({ code: 'link_not_pressed' })
  return confirmPage(answer.value, {
    stashId: link.value.id.toString(),
    reason: link.value.metadata.reason ?? null,
    now: Date.now(),
  })
}

/** @param found the link, if `findLink` was called already: past the limit of logins, each call uses up an attempt */
async function applyLink(c: Ctx, found?: Result<Link>): Promise<Response> {
  const request = c.req.raw
  // A browser that accepts HTML gets a page. Any other client gets JSON.
  const browser = isBrowser(request)
  const link = found ?? (await findLink(c))
  if (!link.ok) return linkProblemResponse(c, link.refusal, browser)
  const { id, credential, dryRun } = link.value
  const metadata = await readForm(request, link.value.metadata)
  if (!metadata.ok) return linkProblemResponse(c, metadata.refusal, browser)
  const stub = c.env.STASH.get(id)
  const command = { credential, intent: { kind: 'release' as const }, ...metadata.value }
  const applied = await (dryRun ? applyDryRun(stub, command) : stub.apply(command))
  if (!applied.ok) return linkProblemResponse(c, applied.refusal, browser)
  if (dryRun) return dryRunResponse(applied.value, command.intent.kind)

  const { revision, changed, held, did = 'nothing' } = applied.value
  if (held !== undefined) return browser ? waitingPage() : heldResponse(held)
  noteWrite(id.toString(), revision)
  const key = changed[0] ?? ''
  if (browser) return donePage(changed, revision)
  const body = {
    success: true,
    id: key,
    message: MESSAGES[did] ?? 'Change made',
    revision,
    version: revision,
    ...toTimeBoxMembers(applied.value.reverts),
  } as const
  return json(body satisfies z.infer<typeof linkUsed>)
}

const MESSAGES: Record<string, string> = {
  put: 'Item stored',
  delete: 'Item deleted',
  nothing: 'Nothing was left to change',
}

/** A link can outlive its stash, or the held change that it approves. Then it is refused like a link that was used. */
const USED_LINK_CODES: RefusalCode[] = ['stash_not_found', 'held_not_found', 'not_awaiting_approval']

async function linkProblemResponse(c: Ctx, refusal: Refusal, browser: boolean): Promise<Response> {
  const shown: Refusal = USED_LINK_CODES.includes(refusal.code) ? { code: 'link_spent' } : refusal
  const counted = await countFailure(c.req.raw, c.env.FAILED_LOGINS, shown, 'link')
  return browser ? refusalPage(counted) : problemResponse(counted)
}

/** The form has one field, the reason: at most 500 characters, each of at most nine bytes when escaped. */
const FORM_MAX_BYTES = 8 * 1024

/** The reason in the form wins over the one in the URL, which the page puts into the field: an emptied field means no reason. */
async function readForm(request: Request, metadata: Link['metadata']): Promise<Result<Link['metadata']>> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get('Content-Type') ?? '')) return ok(metadata)
  const text = await readText(request, FORM_MAX_BYTES)
  if (!text.ok) return text
  const reason = new URLSearchParams(text.value).get('reason')
  if (reason === null) return ok(metadata)
  if (reason.length > REASON_MAX_CHARS) {
    return refuse({ code: 'invalid_query', parameter: 'reason', expected: `at most ${REASON_MAX_CHARS} characters` })
  }
  const { reason: _, ...rest } = metadata
  return ok(reason.trim() === '' ? rest : { ...rest, reason })
}

type Link = {
  id: DurableObjectId
  credential: Credential
  dryRun: boolean
  metadata: { reason?: string; idempotencyKey?: string }
}

async function findLink(c: Ctx): Promise<Result<Link>> {
  // Chat and mail programs append their own parameters to links, so unknown parameters are accepted here.
  const token = c.req.query('token')
  const reason = c.req.query('reason')
  if (token === undefined) {
    return refuse({ code: 'invalid_query', parameter: 'token', expected: 'the one-time token of the link' })
  }
  const stash = getLinkStash(token)
  const id = stash === null ? null : parseStashId(c.env.STASH, stash)
  if (id === null || !id.ok) return refuse({ code: 'link_spent' })
  const dryRun = parseDryRun(c.req.url)
  if (!dryRun.ok) return dryRun
  const metadata = parseWriteMetadata(c.req.raw, reason === undefined ? {} : { reason })
  if (!metadata.ok) return metadata
  const { condition, ...rest } = metadata.value
  if (rest.breakGlass !== undefined) {
    return refuse({
      code: 'invalid_header',
      header: 'Break-Glass',
      expected: 'a request with a token: a link has none',
    })
  }
  if (condition !== undefined) {
    const header = condition.ifMatch === undefined ? 'If-None-Match' : 'If-Match'
    return refuse({
      code: 'invalid_header',
      header,
      expected: 'no value here: a condition is set when the link is made',
    })
  }
  const credential = { kind: 'link', hash: await sha256(token) } as const
  const limited = checkLoginLimit(c.req.raw, stash ?? '', credential)
  return limited === null ? ok({ id: id.value, credential, dryRun: dryRun.value, metadata: rest }) : refuse(limited)
}

/** Whether the client accepts HTML, so that a person may be looking. */
const isBrowser = (request: Request): boolean => /\btext\/html\b/.test(request.headers.get('Accept') ?? '')

const isPrefetch = ({ headers }: Request): boolean =>
  ['Sec-Purpose', 'Purpose', 'X-Purpose', 'X-Moz']
    .map((name) => headers.get(name))
    .some((purpose) => /prefetch|preview/i.test(purpose ?? ''))
