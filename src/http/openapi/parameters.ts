/** The query parameters and headers that operations take, as the OpenAPI document describes them. */
export type Parameter =
  | 'min_revision'
  | 'keys'
  | 'reason'
  | 'for'
  | 'at'
  | 'decision'
  | 'token'
  | 'key'
  | 'before'
  | 'after'
  | 'limit'
  | 'wait'
  | 'Last-Event-ID'
  | 'dry_run'
  | 'replace'
  | 'all'
  | 'If-Match'
  | 'If-None-Match'
  | 'Idempotency-Key'
  | 'X-Operation'
  | 'flagConfigEtag'
  | 'Break-Glass'

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
  for: {
    in: 'query',
    description: 'For how long: then the values go back to what they were. 90s, 30m, 2h, 7d.',
    schema: { type: 'string', pattern: '^\\d{1,9}[smhd]$' },
  },
  at: { in: 'query', description: 'Not now, but then.', schema: { type: 'string', format: 'date-time' } },
  decision: {
    in: 'query',
    description: "Ties the token's links of one name together: the first used voids the others.",
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,100}$' },
  },
  key: { in: 'query', description: 'Only what concerns this key.', schema: { type: 'string' } },
  before: { in: 'query', description: 'Only older revisions than this.', schema: { type: 'integer', minimum: 1 } },
  after: {
    in: 'query',
    description: "Of a list: the last page's `next`. Of a watch: the last revision seen.",
    schema: { type: 'integer', minimum: 0 },
  },
  wait: {
    in: 'query',
    description: 'A long poll: answered when something changes, or after so long. At most 5m.',
    schema: { type: 'string', pattern: '^\\d{1,9}[smhd]$' },
  },
  'Last-Event-ID': {
    in: 'header',
    description: 'What a browser adds when it comes back: the last revision it was told of. Goes before `after`.',
    schema: { type: 'integer', minimum: 0 },
  },
  flagConfigEtag: {
    in: 'query',
    description: 'Of an event: nothing older than what it told of is the answer.',
    schema: { type: 'string' },
  },
  limit: { in: 'query', description: 'How many at most.', schema: { type: 'integer', minimum: 1 } },
  dry_run: {
    in: 'query',
    description: '1: nothing changes, the answer is what would.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  replace: {
    in: 'query',
    description: '1: what the file does not name is taken away.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  all: {
    in: 'query',
    description: '1: every other token ends as well, with its links and schedules.',
    schema: { type: 'string', enum: ['0', '1'] },
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
    description:
      'The first accepted answer is repeated for 24 hours: a repeat is always safe. A refusal with 404, 409, 412, 422 or 423 is repeated for two minutes and judged anew after that. The same key with another body, reason or condition: 422.',
    schema: { type: 'string', maxLength: 255 },
  },
  'X-Operation': { in: 'header', description: 'May be left out.', schema: { type: 'string', enum: ['upsert'] } },
  'Break-Glass': {
    in: 'header',
    description: 'Why a freeze does not count this time. For tokens that can break_glass. Recorded.',
    schema: { type: 'string', maxLength: 500 },
  },
}
