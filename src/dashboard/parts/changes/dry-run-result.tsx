/** What the service says that a change would do. */
import type { RefusedError } from '../../../client/requests/errors.ts'
import type { DryRun } from '../../api/answer-types.ts'
import { clock, explain } from '../../text/words.ts'
import { ChangeList, SHOWN_CHANGES } from './change-list.tsx'
import { Icon } from '../icon.tsx'

type Props = {
  dryRun: { result: DryRun } | { error: RefusedError }
  /** What changes is shown beside it. */
  hidesChanges?: boolean
}

export function DryRunResult({ dryRun, hidesChanges = false }: Props) {
  if ('error' in dryRun) {
    const { title, hint } = explain(dryRun.error)
    // Nothing was filled in yet: that is no refusal.
    if (dryRun.error.code === 'nothing_to_change') return <p class="preview">{hint}</p>
    return (
      <div class={`preview ${dryRun.error.facts['may_break_glass'] === true ? 'stopped' : 'refused'}`}>
        <Icon name="stop" />
        <div>
          <strong>{dryRun.error.facts['may_break_glass'] === true ? title : `This would be refused: ${title}`}</strong>
          <p>{hint}</p>
        </div>
      </div>
    )
  }
  const { changes, guards, waits_for: waitsFor, reverts_at: until, due_at: dueAt, ends = [], does } = dryRun.result
  if (does === null && waitsFor === undefined) return <p class="preview">Nothing would change.</p>
  if (changes.length === 0 && guards.length > 0 && waitsFor === undefined)
    return <p class="preview">{guards.some(({ after }) => after === null) ? RULES_GO : RULES_FIT}</p>
  const hasMore = waitsFor !== undefined || until !== undefined || ends.length > 0
  if (hidesChanges && !hasMore) return null
  return (
    <div class="preview">
      {(!hidesChanges || waitsFor !== undefined) && <p class="preview-title">{describeWhen(waitsFor, dueAt)}</p>}
      {!hidesChanges && <ChangeList changes={changes} />}
      {until !== undefined && waitsFor === undefined && <p>It ends by itself at {clock(Date.parse(until))}.</p>}
      {ends.length > 0 && (
        <p>
          Still ends by itself:{' '}
          {ends
            .slice(0, SHOWN_CHANGES)
            .map(({ key, at }) => `${key} (${clock(Date.parse(at))})`)
            .join(', ')}
          {ends.length > SHOWN_CHANGES && ` and ${ends.length - SHOWN_CHANGES} more`}.
        </p>
      )}
    </div>
  )
}

const RULES_GO = 'Its rules will be removed, and its value stays.'
const RULES_FIT = 'Its present value fits these rules.'

function describeWhen(waitsFor: DryRun['waits_for'], dueAt: string | undefined): string {
  if (waitsFor === 'approval') return 'Nothing changes yet: a second person has to approve this.'
  if (waitsFor === 'time' && dueAt !== undefined) return `This will happen at ${clock(Date.parse(dueAt))}:`
  return 'This will happen:'
}
