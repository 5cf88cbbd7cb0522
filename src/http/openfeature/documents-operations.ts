/** The OpenAPI operations on documents for other programs of OpenFeature. */
import { flagdDocument } from '../../wire/flagd.ts'
import { manifest, manifestFile } from '../../wire/manifest.ts'
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
  {
    method: 'get',
    path: '/stash/{stash}/openfeature/v0/manifest',
    id: 'readManifest',
    summary: 'The types and defaults of the flags, as `openfeature pull` of the OpenFeature CLI asks for them.',
    auth: 'none',
    parameters: READ,
    response: manifest,
    refusals: READ_REFUSALS,
  },
  {
    method: 'get',
    path: '/stash/{stash}/openfeature/v0/manifest.json',
    id: 'readManifestFile',
    summary: 'The same as the file that the OpenFeature CLI generates code from.',
    auth: 'none',
    parameters: READ,
    response: manifestFile,
    refusals: READ_REFUSALS,
  },
]
