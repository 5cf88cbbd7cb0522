/** The OpenAPI operations on the dashboard. */
import type { Operation } from '../openapi/operation.ts'

export const DASHBOARD_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/',
    id: 'openDashboard',
    summary: 'The dashboard, for people. It goes by this API alone.',
    auth: 'none',
    parameters: ['If-None-Match'],
    response: 'html',
    refusals: [],
  },
  {
    method: 'get',
    path: '/dashboard/{file}',
    id: 'readDashboardFile',
    summary: 'A script or a style sheet of the dashboard.',
    auth: 'none',
    parameters: ['If-None-Match'],
    response: 'text',
    refusals: ['route_not_found'],
  },
]
