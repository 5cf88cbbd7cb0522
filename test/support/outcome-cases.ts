/**
 * Cases that every client must pass: the responses to the attempts of one change, and the outcome that the client must report.
 * A response is `applied`, `lost` (the connection breaks), `page` (a sign-in page with status 200), `redirect`, or a refusal:
 * status, code (null if a proxy refuses) and `applied`. Attempts after the last one listed get the last response.
 */
import type { ServerResponse } from 'node:http'
import cases from './outcome-cases.json' with { type: 'json' }

type Refusal = [status: number, code: string | null, applied?: string]
type Try = 'applied' | 'lost' | 'page' | 'redirect' | Refusal
export type OutcomeCase = { tries: Try[]; outcome: 'yes' | 'no' | 'unknown' }

// TypeScript infers plain arrays from the JSON file instead of these tuples.
export const OUTCOME_CASES = cases as OutcomeCase[]

export const nameOf = ({ tries, outcome }: OutcomeCase): string =>
  `${tries.map((one) => (typeof one === 'string' ? one : one.filter(Boolean).join(' '))).join(', then ')}: ${outcome}`

/** Responds to an attempt of a case. @param count the number of the attempt, from 1 */
export function answerTry(response: ServerResponse, { tries }: OutcomeCase, count: number): void {
  const one = tries[Math.min(count, tries.length) - 1]
  if (one === undefined || one === 'lost') return void response.destroy()
  if (one === 'page') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>')
  if (one === 'redirect') return void response.writeHead(302, { Location: '/login' }).end()
  if (one === 'applied') {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"message":"Stored","revision":7}')
    return
  }
  const [status, code, applied] = one
  if (code === null) return void response.writeHead(status, { 'Content-Type': 'text/html' }).end('<h1>Proxy</h1>')
  const problem = JSON.stringify({ code, title: 'No', detail: 'Not today.', ...(applied && { applied }) })
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(problem)
}
