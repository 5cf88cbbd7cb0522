/** The OpenAPI operations on the service itself. The schema of the health check also types its response. */
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
    summary: 'The front page of the guides, for people.',
    auth: 'none',
    parameters: ['If-None-Match'],
    response: 'html',
    refusals: [],
  },
  {
    method: 'get',
    path: '/docs/{page}',
    id: 'readGuide',
    summary: 'A guide, such as `reference/reading`, or a file that the guides load.',
    auth: 'none',
    parameters: ['If-None-Match'],
    response: 'html',
    refusals: ['route_not_found'],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'readHealth',
    summary: 'Whether the Worker answers. It reads no storage.',
    auth: 'none',
    response: health,
    refusals: [],
  },
  {
    method: 'get',
    path: '/.well-known/security.txt',
    id: 'readSecurityContact',
    summary: 'The contact for security reports (RFC 9116). 404 if the deployment has no contact set.',
    auth: 'none',
    response: 'text',
    refusals: ['route_not_found'],
  },
]
