/** The controls for a new value and for how long it holds. The guard of the key decides which: choices, a number, or text. */
import { h } from './dom.ts'
import { markText } from './marks.ts'
import { field } from './fields.ts'
import type { Guard } from './answer-types.ts'
import { brief } from './values.ts'
import { durationMs, durationText } from './words.ts'

const DURATIONS = ['15m', '30m', '1h', '2h', '4h', '8h', '24h']

type Control = { node: HTMLElement; read(): string }

export function createValueControl(guard: Guard | undefined, value: string): Control {
  const { type = '', choices = [] } = guard ?? {}
  if (type === 'boolean') return createRadios(['true', 'false'], value)
  if (type === 'choice') {
    const options = choices.map((choice) => h('option', { value: choice }, markText(choice)))
    const select = h('select', { name: 'value' }, ...options)
    select.value = value
    return { node: field('New value', select), read: () => select.value }
  }
  if (guard !== undefined && (type === 'percentage' || type === 'number')) return createNumber(guard, value)
  const area = h('textarea', {
    name: 'value',
    rows: '2',
    required: true,
    dir: 'auto',
    spellcheck: 'false',
    autocapitalize: 'none',
    autocomplete: 'off',
  })
  area.value = value
  // A text area turns every line end into \n. A value that had only \r\n keeps them.
  const lineEnd = value.includes('\r\n') && !value.replaceAll('\r\n', '').includes('\n') ? '\r\n' : '\n'
  return { node: field('New value', area, HINTS.get(type)), read: () => area.value.replaceAll('\n', lineEnd) }
}

function createNumber({ type, min, max, integer = false }: Guard, value: string): Control {
  const isPercentage = type === 'percentage'
  const input = h('input', {
    name: 'value',
    type: 'number',
    inputmode: 'decimal',
    required: true,
    min: isPercentage ? (min ?? 0) : min,
    max: isPercentage ? (max ?? 100) : max,
    step: integer ? 1 : isPercentage ? '0.001' : 'any',
  })
  input.value = value
  return { node: field(isPercentage ? 'New value, in per cent' : 'New value', input), read: () => input.value }
}

const HINTS = new Map([
  ['email', 'One e-mail address'],
  ['url', 'One http or https URL'],
  ['json', 'JSON'],
  ['split', 'JSON of weights, such as {"blue": 90, "green": 10}'],
])

function createRadios(values: string[], value: string): Control {
  const inputs = values.map((one) =>
    h('input', { type: 'radio', name: 'value', value: one, required: true, id: `value-${one}` }),
  )
  for (const input of inputs) input.checked = input.value === value
  const node = h(
    'fieldset',
    { class: 'segments' },
    h('legend', {}, 'New value'),
    ...inputs.flatMap((input) => [input, h('label', { for: input.id }, input.value)]),
  )
  return { node, read: () => inputs.find(({ checked }) => checked)?.value ?? '' }
}

export type DurationField = {
  node: HTMLElement
  /** Offers what the guard allows for this value. */
  fitTo(value: string): void
  /** undefined: for good. */
  read(): string | undefined
}

/** How long the change holds. If the guard bounds it, only its safe value can be set for good. */
export function createDurationField(guard: Guard | undefined, exists: boolean): DurationField {
  const select = h('select', { name: 'for' })
  const other = h('input', {
    name: 'other',
    placeholder: '90m',
    pattern: '\\d{1,9}[smhd]',
    'aria-label': 'How long exactly, such as 90m',
    hidden: true,
    autocomplete: 'off',
    autocapitalize: 'none',
  })
  const { max_for: longest, safe_value: safe = null } = guard ?? {}
  const mostMs = longest === undefined ? Infinity : (durationMs(longest) ?? Infinity)
  let wasBounded: boolean | undefined
  function fitTo(value: string): void {
    const isBounded = mostMs !== Infinity && value !== safe
    if (isBounded !== wasBounded) fill(isBounded)
    wasBounded = isBounded
    other.hidden = select.value !== 'other'
    other.required = !other.hidden
  }
  function fill(isBounded: boolean): void {
    const fitting = DURATIONS.filter((text) => (durationMs(text) ?? 0) <= (isBounded ? mostMs : Infinity))
    const offered = isBounded && longest !== undefined && !fitting.includes(longest) ? [...fitting, longest] : fitting
    select.replaceChildren(
      ...(isBounded ? [] : [h('option', { value: '' }, 'Until somebody changes it')]),
      ...offered.map((text) => h('option', { value: text }, `${durationText(text)}, then back`)),
      h('option', { value: 'other' }, 'Other…'),
    )
    select.value = isBounded ? (fitting.includes('30m') ? '30m' : (offered[0] ?? 'other')) : ''
  }
  const hint = longest === undefined ? undefined : `At most ${durationText(longest)} away from ${brief(safe)}`
  const node = field('For how long', select, hint)
  node.append(other)
  if (!exists) node.hidden = true
  const read = (): string | undefined => (select.value === 'other' ? other.value : select.value) || undefined
  return { node, fitTo, read }
}
