/** The OpenAPI operation on gates. */
import { gateClosed } from '../../wire/gate.ts'
import type { Operation } from '../openapi/operation.ts'

export const GATE_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/gate/{stash}/{key}',
    id: 'readGate',
    summary:
      'Whether traffic may pass, as a status code, for proxies and load balancers: 204 while the gate is open, 503 with Retry-After while it is closed. Switchyard-Gate says open, closed or unknown. No cache keeps the answer.',
    auth: 'none',
    parameters: ['closed', 'open', 'else', 'status'],
    response: 'none',
    refusals: ['invalid_key', 'unknown_parameter', 'invalid_query'],
    failures: {
      schema: gateClosed,
      statuses: {
        403: 'The gate is closed, and the request has status=403.',
        503: 'The gate is closed. If the header Switchyard-Gate is absent, the answer is not from the gate.',
      },
    },
  },
]
