/** What changes: from which value to which one, for one switch or for several. */
import type { ComponentChildren } from 'preact'
import { Value } from '../text.tsx'

/** Of one change; more are counted. */
export const SHOWN_CHANGES = 10

type Change = { before: string | null; after: string | null }
type Verb = 'becomes' | 'became'

/** @param verb for people who do not see the arrow */
export function BeforeAfter({ before, after, verb }: Change & { verb: Verb }) {
  return (
    <>
      <span class="before">
        <Value value={before} most={60} />
      </span>
      <span class="arrow">
        <span class="hidden"> {verb} </span>
        <span aria-hidden="true"> → </span>
      </span>
      <Value value={after} most={60} whole />
    </>
  )
}

type Props = { changes: (Change & { key: string })[]; verb?: Verb; toName?: (key: string) => ComponentChildren }

export function ChangeList({ changes, verb = 'becomes', toName = showKey }: Props) {
  if (changes.length === 0) return null
  return (
    <ul class="what">
      {changes.slice(0, SHOWN_CHANGES).map((change) => (
        <li key={change.key}>
          {toName(change.key)} <BeforeAfter {...change} verb={verb} />
        </li>
      ))}
      {changes.length > SHOWN_CHANGES && <li>and {changes.length - SHOWN_CHANGES} more</li>}
    </ul>
  )
}

const showKey = (key: string) => <bdi class="key">{key}</bdi>
