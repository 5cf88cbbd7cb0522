/** The page of one switch: its value, the control that changes it, its rules, and its history. */
import { openAdd } from '../dialogs/add.tsx'
import { SwitchActions, SwitchControl } from './switch/control.tsx'
import { SwitchHistory } from './switch/history.tsx'
import { SwitchState } from './switch/state.tsx'
import { StatesPicture } from './switch/states-picture.tsx'
import { Fact, GuardFactList } from '../parts/changes/guard-facts.tsx'
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { Name, Value } from '../parts/text.tsx'
import type { FlagView } from '../state/flags/flag-view.ts'
import { useKeyHistory } from './history/key-history.ts'
import type { Stash } from '../state/stash.ts'
import { nameType } from '../text/guard-words.ts'

type Props = { stash: Stash; flag: string }

export function SwitchPage({ stash, flag: key }: Props) {
  void stash.changed.value
  const { content } = stash
  const view = stash.views().get(key)
  const history = useKeyHistory(stash, key)
  const address = stash.address()
  const safe = content.guards.get(key)?.safe_value ?? null
  return (
    <section class="switch-page" aria-labelledby="switch-title">
      <p class="crumb">
        <LinkTo to={{ page: 'stash', stash: address, view: 'switches' }}>
          <span aria-hidden="true">←</span> All switches
        </LinkTo>
      </p>
      <h2 id="switch-title" class="key">
        <bdi>{key}</bdi>
      </h2>
      {view === undefined ? (
        <Missing stash={stash} flag={key} />
      ) : (
        <div class={`lead-card ${view.state}`}>
          <p
            class={`now${view.type === 'percentage' ? ' percent' : ''}${view.value.length > LARGE_CHARS ? ' wordy' : ''}`}
          >
            <Value value={view.value} most={400} whole />
          </p>
          <SwitchControl stash={stash} view={view} />
          <SwitchState stash={stash} view={view} address={address} />
        </div>
      )}
      {stash.token !== null && (
        <section aria-labelledby="day-title">
          <h2 id="day-title">The last 24 hours</h2>
          <StatesPicture stash={stash} flag={key} view={view} safe={safe} history={history} />
        </section>
      )}
      {view !== undefined && <About stash={stash} view={view} />}
      <section aria-labelledby="history-title">
        <h2 id="history-title">History</h2>
        <SwitchHistory stash={stash} flag={key} history={history} />
      </section>
    </section>
  )
}

/** Longer values are read, not recognised at a glance. */
const LARGE_CHARS = 32

function Missing({ stash, flag: key }: Props) {
  void stash.changed.value
  const { revision, reverts } = stash.content
  if (revision === -1) return stash.isOver() ? null : <p class="empty">Reading the switch…</p>
  const isAway = reverts.has(key)
  return (
    <div class="lead-card">
      <p>
        {isAway
          ? 'This switch is deleted for a time, and comes back by itself.'
          : 'There is no such switch: it was never added, or was deleted. Services that read it get their own default value.'}
      </p>
      {!isAway && stash.may('write', key) && !stash.isOver() && (
        <button type="button" class="primary" data-focus="add-missing" onClick={() => openAdd(stash, key)}>
          Add this switch…
        </button>
      )}
    </div>
  )
}

/** Its rules and facts, and the buttons that change more than its value. */
function About({ stash, view }: { stash: Stash; view: FlagView }) {
  void stash.changed.value
  const guard = stash.content.guards.get(view.key)
  const meta = stash.content.meta.get(view.key)
  return (
    <section aria-labelledby="about-title">
      <h2 id="about-title">About this switch</h2>
      {guard !== undefined ? (
        <GuardFactList guard={guard} />
      ) : (
        <dl class="facts">
          <Fact name="Type">{describeType(view.type)}</Fact>
          {meta?.about && (
            <Fact name="What it is for">
              <Name text={meta.about} />
            </Fact>
          )}
        </dl>
      )}
      {guard?.max_for !== undefined && stash.may('write', view.key) && (
        <p class="hint">
          <Icon name="stop" /> It cannot be deleted while its rules limit the time away from its safe value. Remove its
          rules first.
        </p>
      )}
      <SwitchActions stash={stash} view={view} />
    </section>
  )
}

function describeType(type: string | null | undefined): string {
  if (type === undefined) return 'not known'
  return type === null ? 'none: it takes any text' : nameType(type)
}
