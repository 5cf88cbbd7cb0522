/** Which ready-made switches a new stash gets, and their names as they will be. */
import { Check, PLAIN_TEXT, TextField } from '../parts/fields/fields.tsx'
import { parseServices, toSwitches, type Draft } from './spec.ts'

type Props = { draft: Draft; set(changes: Partial<Draft>): void }

export function ReadyMade({ draft, set }: Props) {
  return (
    <fieldset class="checks ready-made">
      <legend>Ready-made switches</legend>
      <Choice
        title="Maintenance"
        hint="Off, or on for at most 2 hours; then it goes back by itself."
        isChecked={draft.hasMaintenance}
        onChange={(hasMaintenance) => set({ hasMaintenance })}
      />
      <Choice
        title="On call"
        hint="The name of the person on call. It begins with yours."
        isChecked={draft.hasOnCall}
        onChange={(hasOnCall) => set({ hasOnCall })}
      />
      <Choice
        title="Traffic"
        hint="Which target gets the traffic, such as blue or green."
        isChecked={draft.hasTraffic}
        onChange={(hasTraffic) => set({ hasTraffic })}
      />
      {draft.hasTraffic && (
        <div class="inset">
          <TextField
            label="Targets"
            hint="Separated by commas. It begins with the first."
            name="choices"
            maxLength={2_000}
            {...PLAIN_TEXT}
            value={draft.choices}
            onChange={(choices) => set({ choices })}
          />
          <Check
            label="A change of traffic needs a second person"
            isChecked={draft.needsSecond}
            onChange={(needsSecond) => set({ needsSecond })}
          />
        </div>
      )}
    </fieldset>
  )
}

type ChoiceProps = { title: string; hint: string; isChecked: boolean; onChange(isChecked: boolean): void }

const Choice = ({ title, hint, ...rest }: ChoiceProps) => (
  <Check
    label={
      <>
        <strong>{title}</strong>
        <span class="hint">{hint}</span>
      </>
    }
    {...rest}
  />
)

const SHOWN_MAX = 9

/** The keys that will be made. */
export function KeyPreview({ draft }: { draft: Draft }) {
  const services = parseServices(draft.services)
  if ('problem' in services)
    return (
      <div class="keys">
        <p class="preview-title">Switches</p>
        <p class="error">{services.problem}</p>
      </div>
    )
  const { items } = toSwitches(draft, services.names)
  return (
    <div class="keys">
      <p class="preview-title">
        {items.length === 0
          ? 'No switches yet: add them later.'
          : items.length === 1
            ? 'It makes 1 switch:'
            : `It makes ${items.length} switches:`}
      </p>
      <ul>
        {items.slice(0, SHOWN_MAX).map(({ key }) => (
          <li key={key}>
            <code class="key">{key}</code>
          </li>
        ))}
        {items.length > SHOWN_MAX && <li class="hint">and {items.length - SHOWN_MAX} more</li>}
      </ul>
    </div>
  )
}
