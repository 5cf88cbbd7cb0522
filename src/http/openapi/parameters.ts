/** The query parameters and headers of all operations, as the OpenAPI document and `/docs` describe them. */
export type Parameter =
  | 'min_revision'
  | 'keys'
  | 'meta'
  | 'closed'
  | 'open'
  | 'else'
  | 'status'
  | 'reason'
  | 'for'
  | 'at'
  | 'decision'
  | 'token'
  | 'key'
  | 'before'
  | 'after'
  | 'limit'
  | 'cursor'
  | 'wait'
  | 'batch'
  | 'watch_status'
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
  {
    /** The name in the request, where it is not the key here: two routes give `status` a different meaning. */
    name?: string
    in: 'query' | 'header'
    description: string
    required?: boolean
    schema: object
  }
> = {
  min_revision: {
    in: 'query',
    description: 'The answer must be of this revision or a later one, so that a client reads its own write.',
    schema: { type: 'integer', minimum: 0 },
  },
  keys: {
    in: 'query',
    description:
      'Only these keys, separated by commas. An entry with a * is a pattern: checkout.* stands for every key that begins with `checkout.`. At most 20 entries may be patterns; a watch takes at most 100 entries. For the end of a freeze: the patterns of that freeze, at most 100.',
    schema: { type: 'string' },
  },
  meta: {
    in: 'query',
    description:
      '1: each flag as an object with value, version, type, changed_at, until, safe and about, for a status board.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  closed: {
    in: 'query',
    description: 'The value of the flag that closes the gate. Default: true. Not together with `open`.',
    schema: { type: 'string' },
  },
  open: {
    in: 'query',
    description: 'The only value of the flag that opens the gate; any other one closes it. Not together with `closed`.',
    schema: { type: 'string' },
  },
  else: {
    in: 'query',
    description: 'The answer if the flag or the stash is missing, or cannot be read. Default: open.',
    schema: { type: 'string', enum: ['open', 'closed'] },
  },
  status: {
    in: 'query',
    description: 'The status of a closed gate. Default: 503. The `auth_request` of nginx takes 403.',
    schema: { type: 'string', enum: ['503', '403'] },
  },
  reason: {
    in: 'query',
    description: 'Why the change is made. It is recorded in the history. A Reason header does the same.',
    schema: { type: 'string', maxLength: 500 },
  },
  for: {
    in: 'query',
    description:
      'Makes the change time-boxed: after this time, the values go back to what they were. For example 90s, 30m, 2h, 7d.',
    schema: { type: 'string', pattern: '^\\d{1,9}[smhd]$' },
  },
  at: {
    in: 'query',
    description: 'Schedules the change: it is made at this time.',
    schema: { type: 'string', format: 'date-time' },
  },
  decision: {
    in: 'query',
    description: 'A name that ties links of one token together: when one of them is used, the others become void.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,100}$' },
  },
  key: { in: 'query', description: 'Only entries that concern this key.', schema: { type: 'string' } },
  before: { in: 'query', description: 'Only revisions older than this one.', schema: { type: 'integer', minimum: 1 } },
  after: {
    in: 'query',
    description: 'For a list: the `next` of the page before. For a watch: the last revision that the client has seen.',
    schema: { type: 'integer', minimum: 0 },
  },
  wait: {
    in: 'query',
    description:
      'Makes the request a long poll: it is answered when something changes, or after this time. At most 5m.',
    schema: { type: 'string', pattern: '^\\d{1,9}[smhd]$' },
  },
  batch: {
    in: 'query',
    description:
      '1: a message of a WebSocket may be a JSON array of events: the missed events come as one, and so may several later events. It has no effect on a stream and on a long poll.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  watch_status: {
    name: 'status',
    in: 'query',
    description:
      '1: also sends how many changes are held, and which freezes stand: as an event of the type `status` after the missed events, and whenever it differs. A stream sends it without an id. A long poll answers with a member `status` instead, and is not answered for it alone.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  'Last-Event-ID': {
    in: 'header',
    description: 'The id of the last event received, which a browser sends when it reconnects. It wins over `after`.',
    schema: { type: 'integer', minimum: 0 },
  },
  flagConfigEtag: {
    in: 'query',
    description: 'The `etag` of a refetch event: the answer is not older than the revision that the event announced.',
    schema: { type: 'string' },
  },
  cursor: { in: 'query', description: 'The `next` of the page before.', schema: { type: 'string' } },
  limit: {
    in: 'query',
    description: 'The largest number of entries in one page.',
    schema: { type: 'integer', minimum: 1 },
  },
  dry_run: {
    in: 'query',
    description:
      '1: a dry run. The request is decided as the write would be, and nothing is changed or recorded: the answer (DryRun) says what would change, or it is the refusal. An Idempotency-Key is ignored.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  replace: {
    in: 'query',
    description: '1: items and guards that the file does not name are deleted.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  all: {
    in: 'query',
    description: '1: every other token is revoked as well, with its links and scheduled changes.',
    schema: { type: 'string', enum: ['0', '1'] },
  },
  token: { in: 'query', required: true, description: "The link's one-time token.", schema: { type: 'string' } },
  'If-Match': { in: 'header', description: 'Write only if this is the present version.', schema: { type: 'string' } },
  'If-None-Match': {
    in: 'header',
    description:
      'On a read: answer 304 if this is still the present version. On a write: * writes only if there is nothing yet.',
    schema: { type: 'string' },
  },
  'Idempotency-Key': {
    in: 'header',
    description:
      'Makes it safe to repeat the request: for 24 hours, a repeat gets the first accepted answer again. A refusal with 404, 409, 412, 422 or 423 is repeated for two minutes; after that the request is decided afresh. The same key with another body, reason or condition is refused with 422.',
    schema: { type: 'string', maxLength: 255 },
  },
  'X-Operation': {
    in: 'header',
    description: 'The operation of the link. It can be left out, because there is only one.',
    schema: { type: 'string', enum: ['upsert'] },
  },
  'Break-Glass': {
    in: 'header',
    description:
      'The reason for changing a frozen stash all the same. It takes a token that can break_glass, and is recorded.',
    schema: { type: 'string', maxLength: 500 },
  },
}
