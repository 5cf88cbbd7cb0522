/** The list of all operations, for the OpenAPI document and `/docs/api`. Each operation is declared in a file beside its route. */
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
import { DOCUMENT_OPERATIONS } from '../openfeature/documents-operations.ts'
import { OFREP_OPERATIONS } from '../openfeature/operations.ts'
import type { Operation } from './operation.ts'

/** By theme, in the order of the API reference. The OpenAPI document has the titles as tags. */
export const OPERATION_GROUPS: { title: string; description: string; operations: Operation[] }[] = [
  {
    title: 'Flags',
    description: 'Every flag of a stash at once, and changes of several flags as one revision.',
    operations: FLAG_OPERATIONS,
  },
  {
    title: 'Items',
    description: 'One flag: reads, writes and deletions, as WrenDB has them.',
    operations: ITEM_OPERATIONS,
  },
  {
    title: 'Watching',
    description: 'Changes as they happen, as a stream, over a WebSocket or by a long poll.',
    operations: WATCH_OPERATIONS,
  },
  {
    title: 'Gates',
    description: 'One flag as a status code, for a proxy that asks before it lets a request through.',
    operations: GATE_OPERATIONS,
  },
  {
    title: 'OpenFeature',
    description:
      'Evaluations by the OpenFeature Remote Evaluation Protocol (OFREP), and documents for flagd and the OpenFeature CLI.',
    operations: [...OFREP_OPERATIONS, ...DOCUMENT_OPERATIONS],
  },
  {
    title: 'Stashes',
    description: 'Namespaces of flags: creation, description, undo and deletion.',
    operations: STASH_OPERATIONS,
  },
  {
    title: 'Tokens',
    description: 'Who may do what, on which keys and until when.',
    operations: TOKEN_OPERATIONS,
  },
  {
    title: 'Guards',
    description: 'The rule of one key: which values fit, and what a change of it takes.',
    operations: GUARD_OPERATIONS,
  },
  {
    title: 'Freezes',
    description: 'Times in which changes are refused.',
    operations: FREEZE_OPERATIONS,
  },
  {
    title: 'Held changes',
    description: 'Changes that wait for a second person, a time or a press of a link.',
    operations: HELD_OPERATIONS,
  },
  {
    title: 'Links',
    description: 'Changes that a link carries out once.',
    operations: LINK_OPERATIONS,
  },
  {
    title: 'History',
    description: 'Every revision: what changed, by which token, when and why.',
    operations: HISTORY_OPERATIONS,
  },
  {
    title: 'Export and import',
    description: 'A stash as one JSON document.',
    operations: TRANSFER_OPERATIONS,
  },
  {
    title: 'Health',
    description: 'What a stash says about its copies, its alarm and its limits.',
    operations: HEALTH_OPERATIONS,
  },
  {
    title: 'Metrics',
    description: 'Flags as OpenMetrics, for a monitor.',
    operations: METRICS_OPERATIONS,
  },
  {
    title: 'The service',
    description: 'The OpenAPI document, the guides, the dashboard, and whether the service answers.',
    operations: [...ABOUT_OPERATIONS, ...DASHBOARD_OPERATIONS],
  },
]

export const OPERATIONS: Operation[] = OPERATION_GROUPS.flatMap(({ operations }) => operations)
