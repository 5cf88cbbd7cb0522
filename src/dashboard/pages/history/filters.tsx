/** The filters of history. They stand in the address: `?key=&who=&q=`. */
import { useEffect, useState } from 'preact/hooks'
import { Field, PLAIN_TEXT, SelectField, TextField } from '../../parts/fields/fields.tsx'
import { param, setParams } from '../../state/route.ts'
import type { Stash } from '../../state/stash.ts'
import { brief } from '../../text/marks.ts'

/** Names that the list of a field proposes. */
const PROPOSED_MAX = 200

/** The service takes no other key. */
export const isKey = (text: string): boolean => /^[A-Za-z0-9._-]{1,128}$/.test(text)

type Props = { stash: Stash; people: string[] }

export function Filters({ stash, people }: Props) {
  const [key, who, search] = [param('key'), param('who'), param('q')]
  const listed = who === '' || people.includes(who) ? people : [who, ...people]
  return (
    <form class="filters" role="search" aria-label="History" onSubmit={(event) => event.preventDefault()}>
      <KeyField stash={stash} value={key} />
      <KeyList stash={stash} />
      <SelectField
        label="Person"
        name="who"
        options={[['', 'Anybody'], ...listed.slice(0, PROPOSED_MAX).map((name) => [name, brief(name, 60)] as const)]}
        value={who}
        onChange={(person) => setParams({ who: person })}
      />
      <TextField
        label="Search"
        name="q"
        type="search"
        {...PLAIN_TEXT}
        value={search}
        onChange={(q) => setParams({ q })}
      />
      {(key !== '' || who !== '' || search !== '') && (
        <button type="button" class="secondary" onClick={() => setParams({ key: '', who: '', q: '' })}>
          Show everything
        </button>
      )}
    </form>
  )
}

/** The service is asked when the name is complete, and not at each letter. */
function KeyField({ stash, value }: { stash: Stash; value: string }) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  return (
    <Field label="Switch">
      <input
        name="key"
        list="history-keys"
        placeholder="Every switch"
        {...PLAIN_TEXT}
        value={text}
        onInput={(event) => {
          const next = event.currentTarget.value.trim()
          setText(next)
          if (next === '' || stash.content.flags.has(next)) setParams({ key: next })
        }}
        onChange={(event) => setParams({ key: event.currentTarget.value.trim() })}
      />
    </Field>
  )
}

function KeyList({ stash }: { stash: Stash }) {
  return (
    <datalist id="history-keys">
      {[...stash.content.flags.keys()].slice(0, PROPOSED_MAX).map((key) => (
        <option key={key} value={key} />
      ))}
    </datalist>
  )
}
