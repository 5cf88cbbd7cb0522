/** The history of one switch: values before and after, who, when and why. */
import { Entry } from '../history/entry.tsx'
import { ENTRIES_MAX, reachesKey, type KeyHistory } from '../history/key-history.ts'
import type { Stash } from '../../state/stash.ts'

type Props = { stash: Stash; flag: string; history: KeyHistory }

export function SwitchHistory({ stash, flag: key, history }: Props) {
  void stash.changed.value
  void history.changed.value
  if (stash.token === null) return <p class="empty">History is shown to people with a token.</p>
  if (!reachesKey(stash, key))
    return <p class="empty">Your token does not reach this switch: its history is not shown.</p>
  const entries = history.list()
  const { next, problem, isReading } = history
  const mayUndo = stash.may('write', key) && !stash.isOver()
  return (
    <>
      {problem !== '' && (
        <p class="error" role="alert">
          The history could not be read: {problem}.
        </p>
      )}
      {entries.length === 0 && problem === '' && (
        <p class="empty">{next === undefined ? 'Reading the history…' : 'This switch has no history yet.'}</p>
      )}
      <ol class="switch-entries">
        {entries.map((entry) => (
          <Entry
            key={entry.revision}
            stash={stash}
            flag={key}
            entry={entry}
            address={stash.address()}
            mayUndo={mayUndo && entry.changes.length > 0 && entry.changes.every((one) => stash.may('write', one.key))}
          />
        ))}
      </ol>
      {history.hasOlder() && (
        <button type="button" class="secondary" disabled={isReading} onClick={() => void history.readOlder()}>
          Show older
        </button>
      )}
      {entries.length >= ENTRIES_MAX && next !== null && (
        <p class="empty">The page shows {ENTRIES_MAX} entries. There are older ones.</p>
      )}
    </>
  )
}
