/**
 * The OpenAPI operations of the OpenFeature Remote Evaluation Protocol. Tests validate the responses with these schemas. The
 * routes parse requests by hand, more leniently than the schema: see `context.ts`.
 */
import {
  bulkEvaluation,
  bulkEvaluationFailure,
  evaluation,
  evaluationFailure,
  evaluationRequest,
} from '../../wire/ofrep.ts'
import type { Operation } from '../openapi/operation.ts'

const STATUSES = {
  400: 'The request has no valid context, or its context lacks the targeting key that the flag is rolled out by.',
  404: 'There is no such flag, or no such stash.',
  500: 'Internal error.',
  503: 'The stash cannot be reached.',
}

export const OFREP_OPERATIONS: Operation[] = [
  {
    method: 'post',
    path: '/stash/{stash}/ofrep/v1/evaluate/flags/{key}',
    id: 'evaluateFlag',
    summary: 'Evaluate one flag for a context. The body can be left out if the flag does not depend on the context.',
    auth: 'none',
    parameters: ['flagConfigEtag'],
    body: { schema: evaluationRequest, required: false },
    response: evaluation,
    refusals: [],
    failures: { schema: evaluationFailure, statuses: STATUSES },
  },
  {
    method: 'post',
    path: '/stash/{stash}/ofrep/v1/evaluate/flags',
    id: 'evaluateFlags',
    summary: 'Evaluate every flag for a context. The ETag covers the flags and the targeting key.',
    auth: 'none',
    parameters: ['flagConfigEtag', 'If-None-Match'],
    body: { schema: evaluationRequest, required: false },
    response: bulkEvaluation,
    refusals: [],
    failures: { schema: bulkEvaluationFailure, statuses: STATUSES },
  },
  {
    method: 'get',
    path: '/stash/{stash}/ofrep/v1/events',
    id: 'listenForEvaluations',
    summary: 'Server-Sent Events that tell the client to evaluate again: at once, and whenever the stash changes.',
    auth: 'none',
    parameters: ['after', 'Last-Event-ID'],
    response: 'stream',
    refusals: ['stash_not_found', 'unknown_parameter', 'invalid_query', 'rate_limited', 'unreachable'],
  },
]
