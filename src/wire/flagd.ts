/**
 * The flag definition document of flagd, as far as the service writes it: https://flagd.dev/schema/v0/flags.json. Tests validate it
 * with the published schema as well.
 */
import * as z from 'zod'

export const flagdDefinition = z.object({
  state: z
    .enum(['ENABLED', 'DISABLED'])
    .meta({ description: "DISABLED: flagd cannot hold the value, so the caller's default counts." }),
  variants: z.record(z.string(), z.unknown()),
  defaultVariant: z
    .string()
    .nullable()
    .meta({ description: "Null: without a targeting key, or without a value, the caller's default counts." }),
  targeting: z
    .object({ fractional: z.array(z.tuple([z.string(), z.int()])) })
    .optional()
    .meta({ description: 'Shares in thousandths of a percent, by the targeting key.' }),
  metadata: z.object({
    version: z.int(),
    until: z.string().optional().meta({ description: 'When the time-box of the value ends.' }),
    reverted: z.literal(true).optional(),
    disabled: z.string().optional().meta({ description: 'Why the flag is DISABLED.' }),
  }),
})

export const flagdDocument = z
  .object({
    $schema: z.string(),
    metadata: z.object({
      flagSetId: z.string().meta({ description: "The stash's id." }),
      version: z.string().meta({ description: "The stash's revision." }),
    }),
    flags: z.record(z.string(), flagdDefinition),
  })
  .meta({ id: 'FlagdDocument' })
