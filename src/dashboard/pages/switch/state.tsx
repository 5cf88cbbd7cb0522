/** The state of one switch in words: safe or not, since when, by whom, until when, frozen, pending. */
import { createKeyMatcher } from '../../../model/access/key-matcher.ts'
import { serviceNow } from '../../api/service-time.ts'
import { Icon } from '../../parts/icon.tsx'
import { LinkTo } from '../../parts/link-to.tsx'
import { Ago, In, Name } from '../../parts/text.tsx'
import type { FlagView } from '../../state/flags/flag-view.ts'
import type { Stash } from '../../state/stash.ts'
import { brief } from '../../text/marks.ts'
import { clock } from '../../text/words.ts'

type Props = { stash: Stash; view: FlagView; address: string }

export function SwitchState({ stash, view, address }: Props) {
  void stash.changed.value
  const { key, until, backTo, pending, isFrozen } = view
  const safe = stash.content.guards.get(key)?.safe_value
  return (
    <div class="state-words">
      <p class={view.isSafe === false ? 'not-safe' : undefined}>
        <strong>{describeSafe(view, safe)}</strong>
        <Since view={view} />
      </p>
      {until !== null && (
        <p class="until">
          <Icon name="clock" />
          <span>
            {backTo === null ? 'Will be deleted' : `Goes back to ${brief(backTo, 60)}`} <In at={until} />
          </span>
        </p>
      )}
      {pending > 0 && (
        <p>
          <LinkTo class="waits" to={{ page: 'stash', stash: address, view: 'pending' }}>
            {pending === 1 ? '1 change of it is pending' : `${pending} changes of it are pending`}
          </LinkTo>
        </p>
      )}
      {isFrozen && (
        <p class="is-frozen">
          <Icon name="frost" />
          <span>{describeFreeze(stash, key)}</span>
        </p>
      )}
    </div>
  )
}

function describeSafe({ isSafe, type }: FlagView, safe: string | undefined): string {
  const value = safe === undefined ? '' : ` (${brief(safe, 60)})`
  if (isSafe === false) return `Not at its safe value${value}`
  if (isSafe === true) return `At its safe value${value}`
  return type === undefined ? 'Whether it is safe is not known yet' : 'No safe value is set'
}

function Since({ view: { since, last, isSafe } }: { view: FlagView }) {
  if (since === null) return null
  return (
    <>
      {isSafe === null ? '. It has this value since ' : ' since '}
      {clock(since)} (<Ago at={since} />)
      {last !== null && (
        <>
          , by <Name text={last.who} kind="who" />
        </>
      )}
      {last?.reason && (
        <>
          : <q>{brief(last.reason, 300)}</q>
        </>
      )}
    </>
  )
}

/** By the freeze that ends last, of those that reach this switch. */
function describeFreeze({ content: { freezes } }: Stash, key: string): string {
  const reaching = freezes.filter(
    ({ keys, until }) => (until === null || until > serviceNow()) && (keys === null || createKeyMatcher(keys)(key)),
  )
  const ends = reaching.map(({ until }) => until)
  if (ends.includes(null)) return 'Frozen until a person ends it'
  return `Frozen until ${clock(Math.max(...ends.map((until) => until ?? 0)))}`
}
