/** Every operation of the API, for the OpenAPI document. The schemas are those that the routes validate with. */
import { FLAG_OPERATIONS } from './operations-flags.ts'
import { OFREP_OPERATIONS } from './operations-ofrep.ts'
import { SAFEGUARD_OPERATIONS } from './operations-safeguards.ts'
import { TOKEN_OPERATIONS } from './operations-tokens.ts'
import type { Operation } from './operation.ts'

export const OPERATIONS: Operation[] = [
  ...FLAG_OPERATIONS,
  ...TOKEN_OPERATIONS,
  ...SAFEGUARD_OPERATIONS,
  ...OFREP_OPERATIONS,
]
