/** One switch in a list: its name, its value, the facts about it, and the control that changes it. */
import { toShortName, type FlagView } from '../state/flags/flag-view.ts'
import type { Stash } from '../state/stash.ts'
import { brief } from '../text/marks.ts'
import { Icon } from './icon.tsx'
import { useKeptFocus } from './keep-focus.ts'
import { withLater } from './later.tsx'
import { LinkTo } from './link-to.tsx'
import { PureComponent } from './pure-component.ts'
import { Ago, In, Name, Value } from './text.tsx'

export type RowProps = {
  stash: Stash
  view: FlagView
  /** The id or the slug of the stash, for addresses. */
  address: string
  mayChange: boolean
  /** Whether the name is shown without its service, because it stands below the service's heading. */
  isShort: boolean
  /** Whether it is selected; null: nothing can be selected. */
  isSelected: boolean | null
  onSelect(key: string, isSelected: boolean): void
}

/** There may be a thousand. */
export class FlagRow extends PureComponent<RowProps> {
  override render() {
    return <Row {...this.props} />
  }
}

function Row(props: RowProps) {
  const { stash, view, address, isShort, isSelected, onSelect } = props
  const { key, value, state, type, isFrozen } = view
  const row = useKeptFocus<HTMLLIElement>()
  const id = `flag-${stash.id.slice(0, 6)}-${key}`
  return (
    <li ref={row} class={`row ${state}${isFrozen ? ' frozen' : ''}`} data-key={key}>
      {isSelected !== null && (
        <input
          type="checkbox"
          class="pick"
          aria-label={`Select ${key}`}
          checked={isSelected}
          onChange={(event) => onSelect(key, event.currentTarget.checked)}
        />
      )}
      <h3 class="key" id={id}>
        <LinkTo to={{ page: 'switch', stash: address, key }} title={view.about ?? key} data-focus={`name-${id}`}>
          <bdi>{isShort ? toShortName(key) : key}</bdi>
        </LinkTo>
      </h3>
      <p class={`now${type === 'percentage' ? ' percent' : ''}`} title={brief(value, 300)}>
        <Value value={value} most={ROW_CHARS} />
      </p>
      <RowFacts view={view} stash={stash} address={address} />
      <RowControl {...props} labelledBy={id} />
    </li>
  )
}

/** Longer values are cut in a row: the page of the switch has the whole. */
const ROW_CHARS = 60

type FactsProps = { view: FlagView; stash: Stash; address: string }

const describeLast = ({ last }: FlagView): string | undefined =>
  last === null ? undefined : `${brief(last.who, 100)}${last.reason ? `: ${brief(last.reason, 300)}` : ''}`

function RowFacts({ view, address }: FactsProps) {
  const { until, backTo, pending, isFrozen, last, since } = view
  return (
    <p class="meta" title={describeLast(view)}>
      {until !== null && (
        <span class="until">
          <Icon name="clock" />
          <span>
            {backTo === null ? 'will be deleted' : `back to ${brief(backTo, 16)}`} <In at={until} />
          </span>
        </span>
      )}
      {pending > 0 && (
        <LinkTo class="waits" to={{ page: 'stash', stash: address, view: 'pending' }}>
          <Icon name="hand" />
          {pending} pending
        </LinkTo>
      )}
      {isFrozen && (
        <span class="is-frozen">
          <Icon name="frost" />
          frozen
        </span>
      )}
      {last !== null && (
        <span class="who">
          <Name text={last.who} />
        </span>
      )}
      {since !== null && (
        <span class="since">
          {last === null && 'changed '}
          <Ago at={since} />
        </span>
      )}
      {last?.reason && (
        <span class="why">
          <q>{brief(last.reason, 120)}</q>
        </span>
      )}
    </p>
  )
}

function RowControl({ stash, view, mayChange, labelledBy }: RowProps & { labelledBy: string }) {
  const { key, value, type } = view
  if (!mayChange) return null
  const isLever = (type === 'boolean' || type === null) && (value === 'true' || value === 'false')
  if (isLever)
    return (
      <button
        type="button"
        class="lever"
        role="switch"
        aria-checked={value === 'true'}
        aria-labelledby={labelledBy}
        data-focus={`control-${labelledBy}`}
        onClick={() => withLater(({ openChange }) => openChange(stash, key, value === 'true' ? 'false' : 'true'))}
      >
        <span class="knob" />
      </button>
    )
  return (
    <button
      type="button"
      class="secondary change"
      data-focus={`control-${labelledBy}`}
      onClick={() => withLater(({ openChange }) => openChange(stash, key))}
    >
      Change<span class="hidden"> {key}</span>
    </button>
  )
}
