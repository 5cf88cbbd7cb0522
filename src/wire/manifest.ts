/**
 * The manifest of the OpenFeature CLI, for accessors with types. The CLI has two formats: the answer of its Manifest Management API,
 * which `openfeature pull` reads (api/v0/sync.yaml of open-feature/cli), and the file that it generates code from
 * (schema/v0/flag-manifest.json there). Tests validate the file with the published schema as well.
 */
import * as z from 'zod'

const type = z
  .enum(['boolean', 'string', 'integer', 'float', 'object'])
  .meta({ description: 'By the guard of the key. A flag without a guard is a string.' })
const description = z.string().optional().meta({ description: "The public text of the guard's `about`." })
const defaultValue = z
  .union([z.boolean(), z.string(), z.number(), z.record(z.string(), z.unknown())])
  .meta({ description: 'The safe value of the guard, as far as it is public; else the present value.' })

export const manifestFlag = z.object({ key: z.string(), type, description, defaultValue })

export const manifest = z.object({ flags: z.array(manifestFlag) }).meta({ id: 'Manifest' })

export const manifestFile = z
  .object({
    $schema: z.string(),
    flags: z.record(z.string(), z.object({ flagType: type, description, defaultValue })),
  })
  .meta({ id: 'ManifestFile' })
