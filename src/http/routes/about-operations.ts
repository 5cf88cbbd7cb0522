/** The OpenAPI operations on what the service says of itself. The schemas are those that the routes validate with. */
import { health } from '../../wire/service.ts'
import type { Operation } from '../openapi/operation.ts'

export const ABOUT_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/openapi.json',
    id: 'readOpenapi',
    summary: 'This document.',
    auth: 'none',
    response: 'openapi',
    refusals: [],
  },
  {
    method: 'get',
    path: '/docs',
    id: 'readDocs',
    summary: 'The same as a page.',
    auth: 'none',
    response: 'html',
    refusals: [],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'readHealth',
    summary: 'Whether the Worker answers. It asks no store.',
    auth: 'none',
    response: health,
    refusals: [],
  },
  {
    method: 'get',
    path: '/.well-known/security.txt',
    id: 'readSecurityContact',
    summary: 'Whom to tell of a security hole (RFC 9116). 404 where the deployment names no contact.',
    auth: 'none',
    response: 'text',
    refusals: ['route_not_found'],
  },
]
