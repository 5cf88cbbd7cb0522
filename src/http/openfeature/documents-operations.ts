/** The OpenAPI operations on documents for other programs of OpenFeature. */
import { flagdDocument } from '../../wire/flagd.ts'
import { READ, READ_REFUSALS, type Operation } from '../openapi/operation.ts'

export const DOCUMENT_OPERATIONS: Operation[] = [
  {
    method: 'get',
    path: '/stash/{stash}/flagd.json',
    id: 'readFlagdDocument',
    summary: 'The flags as a flag definition document, which flagd and its in-process providers poll.',
    auth: 'none',
    parameters: READ,
    response: flagdDocument,
    refusals: READ_REFUSALS,
  },
]
