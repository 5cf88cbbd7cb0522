/** The OpenAPI operation on watching. `openapi/document.ts` adds the schema of an event. */
import type { Operation } from '../openapi/operation.ts'

export const WATCH_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/watch',
    id: 'watch',
    summary:
      'Watch changes as they are committed: as Server-Sent Events, as a WebSocket on Upgrade, or with `wait` as a long poll.',
    auth: 'none',
    parameters: ['keys', 'after', 'wait', 'batch', 'watch_status', 'Last-Event-ID'],
    response: 'events',
    refusals: ['stash_not_found', 'stash_lost', 'unknown_parameter', 'invalid_query', 'rate_limited', 'unreachable'],
  },
]
