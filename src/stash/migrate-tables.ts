/** Applies the missing migration steps to a stash's tables, when its object wakes. */
import { report } from './report.ts'
import { migrate } from './tables/schema.ts'

/** Where a step fails, the stash can be neither written nor confirmed until the code is fixed: readers get KV's copy. */
export function migrateTables(storage: DurableObjectStorage, stashId: string): void {
  try {
    storage.transactionSync(() => migrate(storage.sql))
  } catch (fault) {
    report('migrate', fault, { stash: stashId })
    throw fault
  }
}
