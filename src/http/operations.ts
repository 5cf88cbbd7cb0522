/** Every operation of the API, for the OpenAPI document. The schemas are those that the routes validate with. */
import type * as z from 'zod'
import type { RefusalCode } from '../model/refusal.ts'
import type { Parameter } from './parameters.ts'
import * as wire from './wire.ts'

export type Operation = {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  path: string
  id: string
  summary: string
  auth: 'none' | 'token' | 'admin' | 'link'
  parameters?: Parameter[]
  /** A schema for JSON; 'text' for a value as it comes. */
  body?: { schema: z.ZodType | 'text'; required: boolean }
  /** What a 200 carries. */
  answer: z.ZodType | 'text' | 'html' | 'openapi'
  refusals: RefusalCode[]
}

const READ: Parameter[] = ['min_revision', 'If-None-Match']
const WRITE: Parameter[] = ['reason', 'If-Match', 'If-None-Match', 'Idempotency-Key']
const READ_REFUSALS: RefusalCode[] = [
  'stash_not_found',
  'revision_not_reached',
  'unknown_parameter',
  'invalid_query',
  'unreachable',
]
const TOKEN_REFUSALS: RefusalCode[] = [
  'token_missing',
  'invalid_token',
  'not_permitted',
  'rate_limited',
  'stash_not_found',
]
const WRITE_REFUSALS: RefusalCode[] = [
  ...TOKEN_REFUSALS,
  'unknown_parameter',
  'invalid_query',
  'invalid_header',
  'version_conflict',
  'idempotency_mismatch',
]
const VALUE_REFUSALS: RefusalCode[] = [
  'invalid_key',
  'empty_value',
  'not_text',
  'body_too_large',
  'value_too_large',
  'too_many_items',
  'stash_too_large',
]

const LINK_REFUSALS: RefusalCode[] = [
  'not_permitted',
  'invalid_query',
  'invalid_header',
  'version_conflict',
  'idempotency_mismatch',
  'value_too_large',
  'too_many_items',
  'stash_too_large',
]

export const OPERATIONS: Operation[] = [
  {
    method: 'post',
    path: '/stash',
    id: 'createStash',
    summary: 'Create a stash. Its master token is shown this once.',
    auth: 'admin',
    body: { schema: wire.stashSpec, required: false },
    answer: wire.stashCreated,
    refusals: [
      'token_missing',
      'invalid_token',
      'rate_limited',
      'invalid_body',
      'body_too_large',
      'jurisdiction_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/stash/{stash}',
    id: 'readStash',
    summary: 'Public facts about a stash.',
    auth: 'none',
    parameters: READ,
    answer: wire.stashFacts,
    refusals: READ_REFUSALS,
  },
  {
    method: 'delete',
    path: '/stash/{stash}',
    id: 'deleteStash',
    summary: 'Delete a stash with everything in it, for good.',
    auth: 'token',
    parameters: WRITE,
    answer: wire.applied,
    refusals: WRITE_REFUSALS,
  },
  {
    method: 'get',
    path: '/stash/{stash}/flags',
    id: 'readFlags',
    summary: 'Every flag at one revision, or those named.',
    auth: 'none',
    parameters: ['keys', ...READ],
    answer: wire.flags,
    refusals: READ_REFUSALS,
  },
  {
    method: 'patch',
    path: '/stash/{stash}/flags',
    id: 'patchFlags',
    summary: 'Change several flags, all or nothing, as one revision. null takes a key away. If-Match is on the stash.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: wire.flagsPatch, required: true },
    answer: wire.patchApplied,
    refusals: [
      ...WRITE_REFUSALS,
      'invalid_body',
      'not_text',
      'body_too_large',
      'value_too_large',
      'too_many_items',
      'stash_too_large',
    ],
  },
  {
    method: 'get',
    path: '/stash/{stash}/items',
    id: 'listItems',
    summary: 'Every item with its dates, newest change first.',
    auth: 'token',
    parameters: READ,
    answer: wire.itemList,
    refusals: [...TOKEN_REFUSALS, 'unknown_parameter', 'invalid_query', 'revision_not_reached'],
  },
  {
    method: 'get',
    path: '/stash/{stash}/items/latest',
    id: 'readLatest',
    summary: "The newest item's raw value.",
    auth: 'none',
    parameters: READ,
    answer: 'text',
    refusals: [...READ_REFUSALS, 'no_items'],
  },
  {
    method: 'get',
    path: '/item/{stash}/{key}',
    id: 'readItem',
    summary: 'The raw value, byte for byte. A 404 has an empty body, and its reason in Switchyard-Problem.',
    auth: 'none',
    parameters: READ,
    answer: 'text',
    refusals: [...READ_REFUSALS, 'item_not_found', 'invalid_key'],
  },
  {
    method: 'post',
    path: '/item/{stash}',
    id: 'createItem',
    summary: 'Store the body under a key made by the server.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: 'text', required: true },
    answer: wire.itemApplied,
    refusals: [...WRITE_REFUSALS, ...VALUE_REFUSALS],
  },
  {
    method: 'put',
    path: '/item/{stash}/{key}',
    id: 'putItem',
    summary: 'Create or overwrite an item with the body, as it comes.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: 'text', required: true },
    answer: wire.itemApplied,
    refusals: [...WRITE_REFUSALS, ...VALUE_REFUSALS],
  },
  {
    method: 'post',
    path: '/item/{stash}/{key}',
    id: 'postItem',
    summary: 'The same as PUT. In the WrenDB profile it may create without a token.',
    auth: 'token',
    parameters: WRITE,
    body: { schema: 'text', required: true },
    answer: wire.itemApplied,
    refusals: [...WRITE_REFUSALS, ...VALUE_REFUSALS, 'item_exists'],
  },
  {
    method: 'delete',
    path: '/item/{stash}/{key}',
    id: 'deleteItem',
    summary: 'Take an item away.',
    auth: 'token',
    parameters: WRITE,
    answer: wire.itemDeleted,
    refusals: [...WRITE_REFUSALS, 'invalid_key', 'item_not_found'],
  },
  ...['/item/{stash}/{key}/presign', '/{stash}/{key}/presign'].map((path, i): Operation => ({
    method: 'post',
    path,
    id: i === 0 ? 'presign' : 'presignShort',
    summary:
      'Make a one-time link, valid for 15 minutes, that stores the body under the key. Conditions are checked when it is used.',
    auth: 'token',
    parameters: ['X-Operation', 'reason', 'If-Match', 'If-None-Match'],
    body: { schema: 'text', required: true },
    answer: wire.link,
    refusals: [
      ...TOKEN_REFUSALS,
      'unknown_parameter',
      'invalid_query',
      'invalid_key',
      'invalid_header',
      'empty_value',
      'not_text',
      'body_too_large',
      'too_many_held',
    ],
  })),
  {
    method: 'get',
    path: '/update',
    id: 'openLink',
    summary: 'Open a link: a confirm page for a browser, 405 for others. In the WrenDB profile it acts at once.',
    auth: 'link',
    parameters: ['token'],
    answer: 'text',
    refusals: ['link_spent', 'link_not_pressed', ...LINK_REFUSALS],
  },
  {
    method: 'post',
    path: '/update',
    id: 'useLink',
    summary: 'Use a link: its change is applied, decided afresh, once.',
    auth: 'link',
    parameters: ['token', 'reason', 'Idempotency-Key'],
    answer: wire.linkUsed,
    refusals: ['link_spent', ...LINK_REFUSALS],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'readOpenapi',
    summary: 'This document.',
    auth: 'none',
    answer: 'openapi',
    refusals: [],
  },
  {
    method: 'get',
    path: '/docs',
    id: 'readDocs',
    summary: 'The same as a page.',
    auth: 'none',
    answer: 'html',
    refusals: [],
  },
  {
    method: 'get',
    path: '/healthz',
    id: 'readHealth',
    summary: 'Whether the Worker answers. It asks no store.',
    auth: 'none',
    answer: wire.health,
    refusals: [],
  },
]
