/** Makes the OpenAPI 3.1 document from the table of operations and the zod schemas behind it. */
import * as z from 'zod'
import type { RefusalCode } from '../../model/refusal.ts'
import type { Operation } from './operation.ts'
import { OPERATION_GROUPS, OPERATIONS } from './operations.ts'
import { PARAMETERS } from './parameters.ts'
import { PROBLEMS } from '../response/problem/problem-table.ts'
import { VERSION } from '../../version.ts'
import { dryRun } from '../../wire/change.ts'
import { documentedAs } from '../../wire/flag.ts'
import { problem } from '../../wire/problem.ts'
import { heldReply } from '../../wire/safeguard.ts'
import { watchEvent } from '../../wire/watch.ts'

type Json = Record<string, unknown>

const SECURITY = { none: [], token: [{ token: [] }], admin: [{ admin: [] }, {}], link: [] } satisfies Record<
  Operation['auth'],
  Json[]
>

const PATH_PARAMETERS: Record<string, Json> = {
  stash: {
    name: 'stash',
    in: 'path',
    required: true,
    description: "The stash's id, or its slug.",
    schema: { type: 'string', pattern: '^([0-9a-f]{64}|[a-z][a-z0-9-]{2,39})$' },
  },
  token: { name: 'token', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{16}$' } },
  file: { name: 'file', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z-]+\\.(html|css|js)$' } },
  held: { name: 'held', in: 'path', required: true, schema: { type: 'string' } },
  page: { name: 'page', in: 'path', required: true, schema: { type: 'string' } },
  key: { name: 'key', in: 'path', required: true, schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' } },
}

/** The document does not depend on the host: its servers are relative to its own address. */
export function createDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const { title, operations } of OPERATION_GROUPS)
    for (const operation of operations)
      (paths[operation.path] ??= {})[operation.method] = { tags: [title], ...toOperationObject(operation) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchyard',
      version: VERSION,
      summary:
        'Operational flags: anyone can read them over plain HTTP, and only tokens with the permission can change them.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: OPERATION_GROUPS.map(({ title: name, description }) => ({ name, description })),
    servers: [{ url: '/api' }, { url: '/' }],
    paths,
    components: {
      schemas: toComponents(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "A stash's token." },
        admin: { type: 'http', scheme: 'bearer', description: "The deployment's ADMIN_TOKEN, if one is set." },
      },
    },
  }
}

function toOperationObject(operation: Operation): Json {
  const { path, id, summary, parameters = [], auth, body, mayBeHeld = false, refusals, failures } = operation
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => PATH_PARAMETERS[name])
  return {
    operationId: id,
    summary,
    security: SECURITY[auth],
    parameters: [...inPath, ...parameters.map((name) => ({ name, ...PARAMETERS[name] }))],
    ...(body && { requestBody: { required: body.required, content: toContent(body.schema) } }),
    responses: {
      ...toSuccessResponse(operation),
      ...(mayBeHeld && { 202: { description: 'Held: nothing has changed yet.', content: toContent(heldReply) } }),
      ...(isConditional(operation) && { 304: { description: 'Not modified.' } }),
      ...toProblemResponses(refusals),
      ...(failures && toFailureResponses(failures)),
    },
  }
}

/** A write answers a dry run with a schema of its own. */
function toSuccessResponse({ response: answer, parameters = [] }: Operation): Json {
  const description = 'The request succeeded.'
  if (answer === 'none') return { 204: { description } }
  const isEither = typeof answer === 'object' && parameters.includes('dry_run')
  return { 200: { description, content: toContent(isEither ? [answer, dryRun].flat() : answer) } }
}

/** One entry for each status. Several refusals may share a status; the `code` tells them apart. */
function toProblemResponses(refusals: RefusalCode[]): Json {
  const byStatus = Map.groupBy(new Set(refusals), (code) => PROBLEMS[code].status)
  return Object.fromEntries(
    Array.from(byStatus, ([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
        content: { 'application/problem+json': { schema: toRef(problem) } },
      },
    ]),
  )
}

/** Whether the operation can answer 304. On a write, If-None-Match is a precondition, and the answer is never 304. */
const isConditional = ({ method, failures, parameters = [] }: Operation): boolean =>
  (method === 'get' || failures !== undefined) && parameters.includes('If-None-Match')

const toFailureResponses = ({ schema, statuses }: NonNullable<Operation['failures']>): Json =>
  Object.fromEntries(
    Object.entries(statuses).map(([status, description]) => [status, { description, content: toContent(schema) }]),
  )

function toContent(schema: Exclude<Operation['response'], 'none'>): Json {
  if (schema === 'text') return { '*/*': { schema: { type: 'string' } } }
  if (schema === 'events') {
    return { 'text/event-stream': { schema: { type: 'string' } }, 'application/json': { schema: toRef(watchEvent) } }
  }
  if (schema === 'stream') return { 'text/event-stream': { schema: { type: 'string' } } }
  if (schema === 'html') return { 'text/html': { schema: { type: 'string' } } }
  if (schema === 'openapi') return { 'application/json': { schema: { type: 'object' } } }
  return { 'application/json': { schema: Array.isArray(schema) ? { anyOf: schema.map(toRef) } : toRef(schema) } }
}

const toRef = (schema: z.ZodType): Json => ({
  $ref: `#/components/schemas/${getSchemaName(documentedAs.get(schema) ?? schema)}`,
})

function getSchemaName(schema: z.ZodType): string {
  const name = schema.meta()?.id
  if (name === undefined) throw new Error('a schema on the wire needs an id to be documented under')
  return name
}

function toComponents(): Json {
  const registry = z.registry<{ id: string }>()
  for (const schema of [
    problem,
    heldReply,
    dryRun,
    watchEvent,
    ...OPERATIONS.flatMap(({ body, response: answer, failures }) => [body?.schema, answer, failures?.schema].flat()),
  ]) {
    if (typeof schema !== 'object') continue
    const documented = documentedAs.get(schema) ?? schema
    registry.add(documented, { id: getSchemaName(documented) })
  }
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` })
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _id, ...rest } = schema as Json
      return [name, rest]
    }),
  )
}
