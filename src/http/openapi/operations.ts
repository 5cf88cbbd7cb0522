/** The list of all operations, for the OpenAPI document and `/docs`. Each operation is declared in a file beside its route. */
import { STASH_OPERATIONS } from '../routes/stashes-operations.ts'
import { FLAG_OPERATIONS } from '../routes/flags-operations.ts'
import { WATCH_OPERATIONS } from '../watch/operations.ts'
import { ITEM_OPERATIONS } from '../routes/items-operations.ts'
import { LINK_OPERATIONS } from '../routes/links-operations.ts'
import { DASHBOARD_OPERATIONS } from '../routes/dashboard-operations.ts'
import { ABOUT_OPERATIONS } from '../routes/about-operations.ts'
import { TOKEN_OPERATIONS } from '../routes/tokens-operations.ts'
import { GATE_OPERATIONS } from '../routes/gate-operations.ts'
import { GUARD_OPERATIONS } from '../routes/guards-operations.ts'
import { FREEZE_OPERATIONS } from '../routes/freeze-operations.ts'
import { HELD_OPERATIONS } from '../routes/held-operations.ts'
import { HISTORY_OPERATIONS } from '../routes/history-operations.ts'
import { TRANSFER_OPERATIONS } from '../routes/transfer-operations.ts'
import { HEALTH_OPERATIONS } from '../routes/health-operations.ts'
import { METRICS_OPERATIONS } from '../routes/metrics-operations.ts'
import { OFREP_OPERATIONS } from '../openfeature/operations.ts'
import type { Operation } from './operation.ts'

export const OPERATIONS: Operation[] = [
  ...STASH_OPERATIONS,
  ...FLAG_OPERATIONS,
  ...WATCH_OPERATIONS,
  ...GATE_OPERATIONS,
  ...ITEM_OPERATIONS,
  ...LINK_OPERATIONS,
  ...DASHBOARD_OPERATIONS,
  ...ABOUT_OPERATIONS,
  ...TOKEN_OPERATIONS,
  ...GUARD_OPERATIONS,
  ...FREEZE_OPERATIONS,
  ...HELD_OPERATIONS,
  ...HISTORY_OPERATIONS,
  ...TRANSFER_OPERATIONS,
  ...HEALTH_OPERATIONS,
  ...METRICS_OPERATIONS,
  ...OFREP_OPERATIONS,
]
