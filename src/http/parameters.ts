/** The query parameters and headers that operations take, as the OpenAPI document describes them. */
export type Parameter =
  'min_revision' | 'keys' | 'reason' | 'token' | 'If-Match' | 'If-None-Match' | 'Idempotency-Key' | 'X-Operation'

export const PARAMETERS: Record<
  Parameter,
  { in: 'query' | 'header'; description: string; required?: boolean; schema: object }
> = {
  min_revision: {
    in: 'query',
    description: 'Never answer from before this revision: read your own write.',
    schema: { type: 'integer', minimum: 0 },
  },
  keys: { in: 'query', description: 'Only these keys, with commas between them.', schema: { type: 'string' } },
  reason: {
    in: 'query',
    description: 'Why. Recorded. A Reason header does the same.',
    schema: { type: 'string', maxLength: 500 },
  },
  token: { in: 'query', required: true, description: "The link's one-time token.", schema: { type: 'string' } },
  'If-Match': { in: 'header', description: 'Write only over this version.', schema: { type: 'string' } },
  'If-None-Match': {
    in: 'header',
    description: 'On a read: 304 where nothing changed. On a write: * writes only what does not exist.',
    schema: { type: 'string' },
  },
  'Idempotency-Key': {
    in: 'header',
    description: 'The first accepted answer is repeated for 24 hours: a repeat is always safe.',
    schema: { type: 'string', maxLength: 255 },
  },
  'X-Operation': { in: 'header', description: 'May be left out.', schema: { type: 'string', enum: ['upsert'] } },
}
