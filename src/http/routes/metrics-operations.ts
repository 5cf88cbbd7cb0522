/** The OpenAPI operation on metrics. */
import { READ, READ_REFUSALS, type Operation } from '../openapi/operation.ts'

export const METRICS_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/metrics',
    id: 'readMetrics',
    summary:
      'The flags as metrics, in the OpenMetrics text format: values, safe values, times of changes and of ends, freezes.',
    auth: 'none',
    parameters: READ,
    response: 'text',
    refusals: READ_REFUSALS,
  },
]
