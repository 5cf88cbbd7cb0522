/** The OpenAPI operation on the health of a stash. Its schema also types the response. */
import { stashHealth } from '../../wire/health.ts'
import { QUERY_REFUSALS, type Operation } from '../openapi/operation.ts'

export const HEALTH_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/health',
    id: 'readStashHealth',
    summary:
      'The health of the stash: whether ends of time-boxes, held changes, Workers KV, hubs or the alarm are late, and how full the storage is. The status code is 200 also when a check is degraded: read `status`, or the header Switchyard-Health.',
    auth: 'token',
    response: stashHealth,
    refusals: [...QUERY_REFUSALS, 'unreachable'],
  },
]
