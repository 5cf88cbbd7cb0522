/** The OpenAPI operations on stashes. Most of their schemas also validate the body or type a response. */
import { applied } from '../../wire/change.ts'
import { itemList } from '../../wire/flag.ts'
import { stashCreated, stashFacts, stashSpec } from '../../wire/stash.ts'
import { type Operation, READ, READ_REFUSALS, TOKEN_REFUSALS, WRITE, WRITE_REFUSALS } from '../openapi/operation.ts'

export const STASH_OPERATIONS: Operation[] = [
  {
    method: 'post',
    path: '/stash',
    id: 'createStash',
    summary: 'Create a stash. Its master token is shown this once.',
    auth: 'admin',
    parameters: ['dry_run'],
    body: { schema: stashSpec, required: false },
    response: stashCreated,
    refusals: [
      'token_missing',
      'invalid_token',
      'creation_closed',
      'rate_limited',
      'unknown_parameter',
      'invalid_query',
      'invalid_body',
      'body_too_large',
      'body_incomplete',
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
    response: stashFacts,
    refusals: READ_REFUSALS,
  },
  {
    method: 'delete',
    path: '/stash/{stash}',
    id: 'deleteStash',
    summary: 'Delete a stash with everything in it, permanently.',
    auth: 'token',
    parameters: WRITE,
    response: applied,
    refusals: [...WRITE_REFUSALS, 'frozen'],
  },
  {
    method: 'get',
    path: '/stash/{stash}/items',
    id: 'listItems',
    summary: 'Every item with its times, newest change first.',
    auth: 'token',
    parameters: READ,
    response: itemList,
    refusals: [...TOKEN_REFUSALS, 'unknown_parameter', 'invalid_query', 'revision_not_reached'],
  },
  {
    method: 'get',
    path: '/stash/{stash}/items/latest',
    id: 'readLatest',
    summary: "The newest item's raw value.",
    auth: 'none',
    parameters: READ,
    response: 'text',
    refusals: [...READ_REFUSALS, 'no_items'],
  },
]
