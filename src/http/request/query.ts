/** A read that needs a token: one or more queries to the stash itself, which authenticates the token each time. */
import { ok, refuse, type Result } from '../../model/refusal.ts'
import type { QueryResult, Query } from '../../stash/query/query.ts'
import { checkLoginLimit, noteSuccessfulLogin, problemResponseCountingFailures } from '../rate-limit.ts'
import { parseStashId } from './address.ts'
import { parseCredential } from './credential.ts'
import { parseQuery } from './parse.ts'
import { refineNotFound } from '../response/read-snapshot.ts'
import { problemResponse } from '../response/reply.ts'
import type { WriteScope } from '../scope.ts'

type Kind = Query['kind']
export type QueryResultOf<K extends Kind> = Extract<QueryResult, { kind: K }>

type QuerySpec<K extends Kind> = {
  /** The allowed query parameters, from which `toQuery` makes the query to the stash. */
  parameters?: string[]
  toQuery(query: Partial<Record<string, string>>): Result<Extract<Query, { kind: K }>>
  reply(
    answer: QueryResultOf<K>,
    queryAgain: (query: Extract<Query, { kind: K }>) => Promise<Result<QueryResultOf<K>>>,
  ): Response | Promise<Response>
}

export async function queryStash<K extends Kind>(
  { request, stash, logins, ...handles }: WriteScope,
  { parameters = [], toQuery, reply }: QuerySpec<K>,
): Promise<Response> {
  const { namespace } = handles
  const credential = await parseCredential(request)
  if (!credential.ok) return problemResponseCountingFailures(request, logins, credential.refusal)
  const id = parseStashId(namespace, stash)
  if (!id.ok) return problemResponse(id.refusal)
  const limited = checkLoginLimit(request, stash, credential.value)
  if (limited !== null) return problemResponse(limited)
  const urlQuery = parseQuery(request.url, parameters)
  if (!urlQuery.ok) return problemResponse(urlQuery.refusal)
  const first = toQuery(urlQuery.value)
  if (!first.ok) return problemResponse(first.refusal)

  const stub = namespace.get(id.value)
  const send = async (query: Extract<Query, { kind: K }>): Promise<Result<QueryResultOf<K>>> => {
    // During a deploy the object may still run the previous version, which answers an unknown query with undefined.
    const answer: Result<QueryResult> | undefined = await stub.ask(credential.value, query)
    if (answer === undefined) return refuse({ code: 'unreachable' })
    if (!answer.ok) return answer
    if (answer.value.kind !== query.kind) throw new Error('the stash answered a different query than it was sent')
    return ok(answer.value as QueryResultOf<K>)
  }
  const answer = await send(first.value)
  if (!answer.ok)
    return problemResponseCountingFailures(request, logins, await refineNotFound(handles, stash, answer.refusal))
  noteSuccessfulLogin(stash, credential.value)
  return reply(answer.value, send)
}
