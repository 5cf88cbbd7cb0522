/**
 * Runs a change in a transaction that is always rolled back, and returns its result. A dry run does this: it takes the same steps
 * as its write, and leaves no trace in storage. The change must leave none in memory either, because nothing resets that.
 */
class RollBack extends Error {}

export function rollBack<T>(storage: { transactionSync(change: () => never): never }, change: () => T): T {
  let outcome: { result: T } | null = null
  try {
    return storage.transactionSync(() => {
      outcome = { result: change() }
      throw new RollBack()
    })
  } catch (fault) {
    if (!(fault instanceof RollBack) || outcome === null) throw fault
    return (outcome as { result: T }).result
  }
}
