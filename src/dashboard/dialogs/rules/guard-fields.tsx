/** The fields for the rules of a switch: its type, what the type takes, its safe value, and what a change of it needs. */
import { useId, useState } from 'preact/hooks'
import { createDraft, toChoices, type GuardDraft } from './guard-draft.ts'
import { TYPE_NAMES, type GuardType } from '../../text/guard-words.ts'
import { markText } from '../../text/marks.ts'
import { durationText } from '../../text/words.ts'
import { DurationSelect } from '../../parts/fields/duration-select.tsx'
import { Check, PLAIN_TEXT, Segments, SelectField, TextArea, TextField } from '../../parts/fields/fields.tsx'

type Props = { draft: GuardDraft; onChange(draft: GuardDraft): void }

const FIRST: readonly GuardType[] = ['boolean', 'choice', 'percentage', 'number', 'text']
const MORE: readonly GuardType[] = ['email', 'url', 'json', 'split']
const toOptions = (types: readonly GuardType[]) => types.map((type) => [type, TYPE_NAMES[type]] as const)

export function TypeField({ draft, onChange }: Props) {
  const [isOpen] = useState(MORE.includes(draft.type))
  const select = (type: GuardType): void => onChange(createDraft(type, draft))
  return (
    <div class="types">
      <Segments legend="Type" name="type" options={toOptions(FIRST)} value={draft.type} onChange={select} />
      <details class="more" open={isOpen}>
        <summary>More types</summary>
        <Segments legend="Other types" name="type" options={toOptions(MORE)} value={draft.type} onChange={select} />
      </details>
    </div>
  )
}

/** What the type takes. */
export function LimitFields({ draft, onChange }: Props) {
  const { type } = draft
  const set = (changes: Partial<GuardDraft>): void => onChange({ ...draft, ...changes })
  if (type === 'choice' || type === 'split')
    return (
      <TextArea
        label="Choices"
        hint={type === 'choice' ? 'One on each line' : 'One on each line. Empty: any'}
        name="choices"
        rows={3}
        required={type === 'choice'}
        {...PLAIN_TEXT}
        value={draft.choices}
        onChange={(choices) => set({ choices })}
      />
    )
  if (type === 'text')
    return (
      <div class="pair">
        <NumberField
          label="Shortest, in characters"
          value={draft.minLength}
          onChange={(minLength) => set({ minLength })}
          isCount
        />
        <NumberField
          label="Longest, in characters"
          value={draft.maxLength}
          onChange={(maxLength) => set({ maxLength })}
          isCount
        />
      </div>
    )
  if (type !== 'number' && type !== 'percentage') return null
  return (
    <>
      <div class="pair">
        <NumberField label="At least" value={draft.min} onChange={(min) => set({ min })} />
        <NumberField label="At most" value={draft.max} onChange={(max) => set({ max })} />
      </div>
      {type === 'number' && (
        <Check label="Whole numbers only" isChecked={draft.integer} onChange={(integer) => set({ integer })} />
      )}
    </>
  )
}

type NumberProps = { label: string; value: string; onChange(text: string): void; isCount?: boolean }

function NumberField({ label, value, onChange, isCount = false }: NumberProps) {
  return (
    <TextField
      label={label}
      type="number"
      inputMode="decimal"
      step={isCount ? 1 : 'any'}
      min={isCount ? 0 : undefined}
      placeholder="any"
      value={value}
      onChange={onChange}
    />
  )
}

/** The safe value, the longest time away from it, and what a change needs. */
export function RuleFields({ draft, onChange }: Props) {
  const set = (changes: Partial<GuardDraft>): void => onChange({ ...draft, ...changes })
  return (
    <>
      <SafeField draft={draft} onChange={onChange} />
      {draft.safe !== '' && <LongestField draft={draft} onChange={onChange} />}
      <div class="checks">
        <Check
          label="A change needs a second person"
          isChecked={draft.approvals}
          onChange={(approvals) => set({ approvals })}
        />
        <Check
          label="A change needs a reason"
          isChecked={draft.reasonRequired}
          onChange={(reasonRequired) => set({ reasonRequired })}
        />
      </div>
    </>
  )
}

const SAFE_HINT = 'While the switch has another value, the page shows it as not normal.'

function SafeField({ draft, onChange }: Props) {
  const { type, safe } = draft
  const set = (next: string): void => onChange({ ...draft, safe: next, longest: next === '' ? '' : draft.longest })
  const options = type === 'boolean' ? ['false', 'true'] : type === 'choice' ? toChoices(draft.choices) : null
  if (options === null)
    return (
      <TextField
        label="Safe value"
        hint={`Empty: none. ${SAFE_HINT}`}
        name="safe"
        maxLength={1_000}
        dir="auto"
        {...PLAIN_TEXT}
        placeholder="none"
        value={safe}
        onChange={set}
      />
    )
  // A choice that was removed stays visible, and the dry run says that it does not fit.
  const all = safe === '' || options.includes(safe) ? options : [...options, safe]
  return (
    <SelectField
      label="Safe value"
      hint={SAFE_HINT}
      name="safe"
      options={[['', 'none'], ...all.map((option) => [option, markText(option)] as const)]}
      value={safe}
      onChange={set}
    />
  )
}

const LONGEST = ['30m', '2h', '8h', '24h']

function LongestField({ draft, onChange }: Props) {
  return (
    <DurationSelect
      label="Longest time away from it"
      hint="Then it goes back by itself."
      name="longest"
      options={[['', 'No limit'], ...LONGEST.map((text) => [text, durationText(text)] as const)]}
      value={draft.longest}
      onChange={(longest) => onChange({ ...draft, longest })}
    />
  )
}

/** What the switch is for. Public, but owner and runbook. */
export function AboutFields({ draft, onChange }: Props) {
  const id = useId()
  const [isOpen] = useState(draft.text !== '' || draft.owner !== '' || draft.runbook !== '')
  const set = (changes: Partial<GuardDraft>): void => onChange({ ...draft, ...changes })
  return (
    <details class="more" open={isOpen}>
      <summary>Description</summary>
      <div class="stack">
        <p class="hint" id={id}>
          What it is for is public: everybody who may read the values reads it. Owner and runbook are shown to people
          with a token.
        </p>
        <TextArea
          label="What it is for"
          name="about"
          rows={2}
          maxLength={300}
          value={draft.text}
          onChange={(text) => set({ text })}
        />
        <TextField
          label="Owner"
          name="owner"
          maxLength={100}
          dir="auto"
          autocomplete="off"
          value={draft.owner}
          onChange={(owner) => set({ owner })}
        />
        <TextField
          label="Runbook"
          hint="An http or https URL"
          name="runbook"
          type="url"
          maxLength={500}
          pattern="[hH][tT][tT][pP][sS]?://.+"
          {...PLAIN_TEXT}
          value={draft.runbook}
          onChange={(runbook) => set({ runbook })}
        />
      </div>
    </details>
  )
}
