/** The answer to a dry run, from the decision that its write would commit. It has to be made before the commit. */
import type { Decision } from '../../model/decide/decision.ts'
import type { ChangeRequest, Facts } from '../../model/decide/facts.ts'
import { createPlan, toPreview } from '../../model/decide/plan.ts'
import type { Held } from '../../model/held.ts'
import type { Applied, Preview } from '../../model/intent.ts'
import type { StashRow } from '../tables/stash-row.ts'
import { gatherFacts } from './gather-facts.ts'

export function toDryRun(
  sql: SqlStorage,
  stash: StashRow,
  { applied, entry, effects }: Decision,
  { actor }: ChangeRequest,
  facts: Facts,
  now: number,
): Applied {
  const { changed, held, reverts, pending } = applied
  const effect = effects.find((one) => one.kind === 'hold' && one.held.id === held?.id)
  const waiting = effect?.kind === 'hold' ? previewHeld(sql, stash, effect.held, actor, facts, now) : []
  return {
    revision: facts.revision,
    changed,
    ...(held && { held }),
    ...(reverts && { reverts }),
    ...(pending && { pending }),
    preview: entry === null ? waiting : toPreview(entry),
    does: entry?.kind ?? null,
  }
}

/** The changes that the release of a held change would make now. For a link that approves, they are those of the approved change. */
function previewHeld(
  sql: SqlStorage,
  stash: StashRow,
  { change }: Held,
  actor: ChangeRequest['actor'],
  facts: Facts,
  now: number,
): Preview {
  const intent = change.kind === 'approve' ? facts.held?.change : change
  if (intent === undefined || intent.kind === 'approve' || intent.kind === 'thaw' || intent.kind === 'thaw_keys')
    return []
  const preview = toPreview(createPlan(intent, gatherFacts(sql, stash, { intent, actor }, now), now))
  return preview.filter(({ before, after }) => before !== null || after !== null)
}
