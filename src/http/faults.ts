/**
 * The response after a fault. The caller must know whether a write may have been applied, so the response always says that. It
 * does not name the fault: the log does, under the request's id.
 */
import { json } from './response/reply.ts'

/** The property that the Workers runtime sets on an error if a Durable Object is overloaded. */
type ErrorProperties = { overloaded?: boolean }

export const FAULTS = {
  overloaded: { status: 503, title: 'The stash is overloaded' },
  internal: { status: 500, title: 'Internal error' },
} as const

export const toFaultCode = (fault: Error): keyof typeof FAULTS =>
  (fault as Error & ErrorProperties).overloaded === true ? 'overloaded' : 'internal'

/** @param writes whether the request could have changed something */
export function faultResponse(request: Request, writes: boolean, fault: Error, requestId: string): Response {
  const code = toFaultCode(fault)
  // The runtime rejects a request to an overloaded object before it is delivered. After any other fault the outcome is
  // unknown.
  const mayBeApplied = writes && code !== 'overloaded'
  const { status, title } = FAULTS[code]
  const detail = !mayBeApplied
    ? 'Nothing was changed. Try again in a moment.'
    : request.headers.has('Idempotency-Key')
      ? 'It is not known whether the change was applied. Repeating it with the same Idempotency-Key is safe.'
      : 'It is not known whether the change was applied. Read before you repeat it; with an Idempotency-Key a repeat would be safe.'
  return json(
    {
      type: `/docs#${code}`,
      title,
      status,
      code,
      detail,
      applied: mayBeApplied ? 'unknown' : 'no',
      request_id: requestId,
    },
    {
      'Content-Type': 'application/problem+json',
      'Switchyard-Problem': code,
      'Retry-After': '1',
      'Request-Id': requestId,
    },
    status,
  )
}
