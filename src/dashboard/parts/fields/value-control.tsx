/**
 * The controls for a new value and for how long it holds. The type of the switch decides which: on or off, a choice, a number,
 * text.
 */
import { useState } from 'preact/hooks'
import type { Guard } from '../../api/answer-types.ts'
import { brief, markText } from '../../text/marks.ts'
import { durationMs, durationText } from '../../text/words.ts'
import { DurationSelect } from './duration-select.tsx'
import { PLAIN_TEXT, Segments, SelectField, TextArea, TextField } from './fields.tsx'

type ValueProps = {
  /** undefined: the switch has no type */
  guard: Guard | undefined
  value: string
  onChange(value: string): void
  label?: string
  /** Of the field; another one for each of several. */
  name?: string
}

const BOOLEANS = [
  ['true', 'true'],
  ['false', 'false'],
] as const

export function ValueControl({ guard, value, onChange, label = 'New value', name = 'value' }: ValueProps) {
  const { type = '', choices = [] } = guard ?? {}
  if (type === 'boolean')
    return (
      <Segments
        legend={label}
        name={name}
        options={BOOLEANS}
        value={value === 'true' || value === 'false' ? value : ''}
        onChange={onChange}
      />
    )
  if (type === 'choice')
    return (
      <SelectField
        label={label}
        name="value"
        required
        options={[
          ...(choices.includes(value) ? [] : [['', 'Choose…'] as const]),
          ...choices.map((choice) => [choice, markText(choice)] as const),
        ]}
        value={value}
        onChange={onChange}
      />
    )
  if (guard !== undefined && (type === 'percentage' || type === 'number'))
    return <NumberControl guard={guard} value={value} onChange={onChange} label={label} />
  return <TextControl value={value} onChange={onChange} label={label} hint={HINTS.get(type)} />
}

type NumberProps = ValueProps & { guard: Guard; label: string }

function NumberControl({ guard: { type, min, max, integer = false }, value, onChange, label }: NumberProps) {
  const isPercentage = type === 'percentage'
  return (
    <TextField
      label={isPercentage ? `${label}, in percent` : label}
      name="value"
      type="number"
      inputMode="decimal"
      required
      min={isPercentage ? (min ?? 0) : min}
      max={isPercentage ? (max ?? 100) : max}
      step={integer ? 1 : isPercentage ? '0.001' : 'any'}
      value={value}
      onChange={onChange}
    />
  )
}

type TextProps = { value: string; onChange(value: string): void; label: string; hint: string | undefined }

function TextControl({ value, onChange, label, hint }: TextProps) {
  // A text area turns every line end into \n. A value that had only \r\n keeps them.
  const [lineEnd] = useState(() =>
    value.includes('\r\n') && !value.replaceAll('\r\n', '').includes('\n') ? '\r\n' : '\n',
  )
  return (
    <TextArea
      label={label}
      hint={hint}
      name="value"
      rows={2}
      required
      {...PLAIN_TEXT}
      value={value.replaceAll('\r\n', '\n')}
      onChange={(text) => onChange(text.replaceAll('\n', lineEnd))}
    />
  )
}

const HINTS = new Map([
  ['email', 'One e-mail address'],
  ['url', 'One http or https URL'],
  ['json', 'JSON'],
  ['split', 'JSON of weights, such as {"blue": 90, "green": 10}'],
])

const DURATIONS = ['15m', '30m', '1h', '2h', '4h', '8h', '24h']

/** Whether a guard lets this value stand only for a time. */
const isBounded = (guard: Guard | undefined, value: string): boolean =>
  guard?.max_for !== undefined && value !== guard.safe_value

/** The duration that a dialog begins with. '': with no end. */
export function proposeDuration(guard: Guard | undefined, value: string): string {
  if (!isBounded(guard, value)) return ''
  const offered = listDurations(guard, value)
  return offered.includes('30m') ? '30m' : (offered[0] ?? '')
}

function listDurations(guard: Guard | undefined, value: string): string[] {
  const longest = guard?.max_for
  if (longest === undefined || !isBounded(guard, value)) return DURATIONS
  const mostMs = durationMs(longest) ?? Infinity
  const fitting = DURATIONS.filter((text) => (durationMs(text) ?? 0) <= mostMs)
  return fitting.includes(longest) ? fitting : [...fitting, longest]
}

type DurationProps = {
  guard: Guard | undefined
  /** The value that is to hold so long. */
  value: string
  /** '': with no end */
  duration: string
  onChange(duration: string): void
}

/** How long the change holds. If the guard bounds it, only its safe value can be set with no end. */
export function DurationField({ guard, value, duration, onChange }: DurationProps) {
  const offered = listDurations(guard, value).map((text) => [text, `${durationText(text)}, then back`] as const)
  const { max_for: longest, safe_value: safe = null } = guard ?? {}
  const hint = longest === undefined ? undefined : `At most ${durationText(longest)} away from ${brief(safe)}`
  return (
    <DurationSelect
      label="For how long"
      hint={hint}
      name="for"
      options={isBounded(guard, value) ? offered : [['', 'Until a person changes it'], ...offered]}
      value={duration}
      onChange={onChange}
    />
  )
}
