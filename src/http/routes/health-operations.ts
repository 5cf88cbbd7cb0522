/** The OpenAPI operations on the health of a stash. The schemas are those that the routes validate with. */
import { stashHealth } from '../../wire/health.ts'
import { QUERY_REFUSALS, type Operation } from '../openapi/operation.ts'

export const HEALTH_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/health',
    id: 'readStashHealth',
    summary:
      'What of the stash is late: ends of time-boxes, held changes, Workers KV, hubs, the alarm; and how full it is. 200 also where a check is degraded: read `status`, or the header Switchyard-Health.',
    auth: 'token',
    response: stashHealth,
    refusals: [...QUERY_REFUSALS, 'unreachable'],
  },
]
