/** How every read goes that only some may make: the stash itself is asked, inside which the token is believed. */
import { ok, refuse, type Result } from '../model/refusal.ts'
import type { QueryResult, Query } from '../stash/query/query.ts'
import { limitLogin, rememberLogin, turnDownCounting } from './abuse.ts'
import { parseStashId } from './address.ts'
import { credentialOf } from './credential.ts'
import { readQuery } from './parse.ts'
import { explainMissing } from './read.ts'
import { turnDown } from './reply.ts'
import type { WriteScope } from './scope.ts'

type Kind = Query['kind']
export type AnswerTo<K extends Kind> = Extract<QueryResult, { kind: K }>

type Inquiry<K extends Kind> = {
  /** What may stand in the query, and the question it makes. */
  parameters?: string[]
  question(query: Partial<Record<string, string>>): Result<Extract<Query, { kind: K }>>
  reply(
    answer: AnswerTo<K>,
    again: (question: Extract<Query, { kind: K }>) => Promise<Result<AnswerTo<K>>>,
  ): Response | Promise<Response>
}

export async function ask<K extends Kind>(
  { request, stash, logins, ...handles }: WriteScope,
  { parameters = [], question, reply }: Inquiry<K>,
): Promise<Response> {
  const { namespace } = handles
  const credential = await credentialOf(request)
  if (!credential.ok) return turnDownCounting(request, logins, credential.refusal)
  const id = parseStashId(namespace, stash)
  if (!id.ok) return turnDown(id.refusal)
  const limited = limitLogin(request, stash, credential.value)
  if (limited !== null) return turnDown(limited)
  const query = readQuery(request.url, parameters)
  if (!query.ok) return turnDown(query.refusal)
  const asked = question(query.value)
  if (!asked.ok) return turnDown(asked.refusal)

  const stub = namespace.get(id.value)
  const put = async (one: Extract<Query, { kind: K }>): Promise<Result<AnswerTo<K>>> => {
    // An object that still runs the version before may not know the question, and answers nothing.
    const answer: Result<QueryResult> | undefined = await stub.ask(credential.value, one)
    if (answer === undefined) return refuse({ code: 'unreachable' })
    if (!answer.ok) return answer
    if (answer.value.kind !== one.kind) throw new Error('the stash answered another question')
    return ok(answer.value as AnswerTo<K>)
  }
  const answer = await put(asked.value)
  if (!answer.ok) return turnDownCounting(request, logins, await explainMissing(handles, stash, answer.refusal))
  rememberLogin(stash, credential.value)
  return reply(answer.value, put)
}
