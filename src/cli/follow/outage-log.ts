/**
 * Tells when the flags are no longer confirmed by the service, why, and when they are again. It looks once a second, because
 * a state also passes with time. The end of a stream that a poll makes up for is not told.
 */
import type { Status } from '../../client/sync/freshness.ts'
import { createFailureLog } from './failure-log.ts'

const LOOK_MS = 1_000
/** An outage that is shorter is not told. */
const TOLD_AFTER_MS = 3_000

type Options = {
  getStatus: () => Status
  /** Why the last request failed, for people. */
  describeFailure: () => string
  warn: (message: string) => void
}

/** It keeps the process alive. @returns ends it */
export function startOutageLog({ getStatus, describeFailure, warn }: Options): () => void {
  const log = createFailureLog(warn)
  let freshAt = performance.now()
  const look = (): void => {
    const { state, revision } = getStatus()
    if (state === 'fresh') {
      freshAt = performance.now()
      log.succeed(`The service answers again: revision ${revision ?? 0}.`)
    } else if (state === 'gone') {
      log.fail('The stash was deleted. The last known values stay; end this follower, or give it another stash.')
    } else if (performance.now() - freshAt > TOLD_AFTER_MS) {
      const kept = revision === null ? 'No values are known yet' : 'The last known values stay'
      log.fail(`${describeFailure()} ${kept}.`)
    }
  }
  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}
