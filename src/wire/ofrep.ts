/**
 * The schemas of OFREP 0.3.0. Responses match them; `metadata` may have further members. Requests are parsed leniently, in
 * `http/openfeature/context.ts`.
 */
import * as z from 'zod'

const key = z.string()
const value = z
  .union([z.boolean(), z.number(), z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .meta({ description: "Typed by the guard of the key. If it is absent, the client uses the caller's default." })

export const evaluationRequest = z
  .object({
    context: z
      .object({
        targetingKey: z
          .string()
          .optional()
          .meta({ description: 'The id of the user or unit, by which shares of a rollout are assigned.' }),
      })
      .catchall(z.unknown())
      .optional(),
  })
  .meta({ id: 'EvaluationRequest' })

const success = {
  key,
  reason: z.enum(['STATIC', 'SPLIT', 'DEFAULT']),
  variant: z.string().optional(),
  value: value.optional(),
}

export const evaluation = z
  .object({ ...success, metadata: z.object({ version: z.int(), revision: z.int() }) })
  .meta({ id: 'Evaluation' })

const errorCode = z.enum(['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL', 'FLAG_NOT_FOUND'])

export const evaluationFailure = z
  .object({ key, errorCode, errorDetails: z.string(), metadata: z.object({}) })
  .meta({ id: 'EvaluationFailure' })

export const bulkEvaluation = z
  .object({
    flags: z.array(
      z.union([z.strictObject({ ...success, metadata: z.object({ version: z.int() }) }), evaluationFailure]),
    ),
    eventStreams: z.array(z.object({ type: z.literal('sse'), url: z.string(), inactivityDelaySec: z.int() })),
    metadata: z.object({}),
  })
  .meta({ id: 'BulkEvaluation' })

export const bulkEvaluationFailure = z
  .object({ errorCode, errorDetails: z.string(), metadata: z.object({}) })
  .meta({ id: 'BulkEvaluationFailure' })
