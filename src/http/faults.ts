/**
 * What the caller is told when something broke. The question that matters after a write is whether it may
 * have happened, so that is always said; what broke stands in the log, under the request's id.
 */
import { json } from './response/reply.ts'

/** The marks that the runtime puts on errors from objects. */
type Marks = { overloaded?: boolean }

export const FAULTS = {
  overloaded: { status: 503, title: 'The stash has too much to do' },
  internal: { status: 500, title: 'Something broke here' },
} as const

export const toFaultCode = (fault: Error): keyof typeof FAULTS =>
  (fault as Error & Marks).overloaded === true ? 'overloaded' : 'internal'

/** @param writes whether the request could have changed something */
export function faultResponse(request: Request, writes: boolean, fault: Error, requestId: string): Response {
  const code = toFaultCode(fault)
  // An overloaded object refuses a request before it sees it. Of any other failure nothing is known.
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
