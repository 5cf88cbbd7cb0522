/** Claims a slug for a stash. This comes before the write that gives it to the stash, so that no two stashes can have it. */
import { getNames } from '../../edge/slugs/slug-stores.ts'
import { TIMED_OUT, withDeadline } from '../../edge/with-deadline.ts'
import { ok, refuse, type Result } from '../../model/refusal.ts'
import type { ClaimRequest } from '../../names/names-object.ts'
import { logNotice } from '../log.ts'
import type { App } from '../scope.ts'

/** What the router knows about slugs. */
export type SlugRules = { isReserved(slug: string): boolean }

/** A claim may ask the stash that has the slug now. */
const CLAIM_DEADLINE_MS = 5_000

/** The shape of the slug was checked with the body. */
export function checkSlug(slug: string | null, { isReserved }: SlugRules): Result<null> {
  if (slug === null || !isReserved(slug)) return ok(null)
  return refuse({
    code: 'invalid_body',
    issues: [{ path: 'slug', message: `"${slug}" is the beginning of other paths of the service` }],
  })
}

/** A claim whose answer is lost may have been made. It is of no harm: it names this stash, and a repeat is accepted. */
export async function claimSlug({ NAMES }: App['Bindings'], claim: ClaimRequest): Promise<Result<null>> {
  const asked = (async () => getNames(NAMES).claim(claim))()
  asked.catch((fault: Error) => logNotice('names', fault.message, 'error'))
  const answer = await withDeadline({ sleep: (ms) => scheduler.wait(ms) }, CLAIM_DEADLINE_MS, asked)
  return answer === TIMED_OUT ? refuse({ code: 'names_busy' }) : answer
}
