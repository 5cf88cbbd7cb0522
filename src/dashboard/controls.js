/** What a new value is given with, by the guard of its key: a choice is chosen, a number is typed as one, and the rest is text. */
import { h } from './dom.js'
import { markText } from './marks.js'
import { brief } from './values.js'
import { field } from './sheet.js'
import { durationMs, durationText } from './words.js'

const DURATIONS = ['15m', '30m', '1h', '2h', '4h', '8h', '24h']

/** @returns {{ node: Element, read(): string }} */
export function controlFor(
  /** @type {import('./shapes.d.ts').Guard | undefined} */ guard,
  /** @type {string} */ value,
) {
  const { type = '', choices = [], min: least, max: most, integer = false } = guard ?? {}
  if (type === 'boolean') return radios(['true', 'false'], value)
  if (type === 'choice') {
    const select = h(
      'select',
      { name: 'value' },
      ...choices.map((choice) => h('option', { value: choice }, markText(choice))),
    )
    select.value = value
    return { node: field('New value', select), read: () => select.value }
  }
  if (type === 'percentage' || type === 'number') {
    const [min, max] = type === 'percentage' ? [least ?? 0, most ?? 100] : [least, most]
    const input = h('input', {
      name: 'value',
      type: 'number',
      inputmode: 'decimal',
      required: true,
      min,
      max,
      step: integer ? 1 : type === 'percentage' ? '0.001' : 'any',
    })
    input.value = value
    return {
      node: field(type === 'percentage' ? 'New value, in per cent' : 'New value', input),
      read: () => input.value,
    }
  }
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
  // A text area knows one kind of line end; what came with the other keeps it.
  const lines = value.includes('\r\n') && !value.replaceAll('\r\n', '').includes('\n') ? '\r\n' : '\n'
  return { node: field('New value', area, HINTS[type]), read: () => area.value.replaceAll('\n', lines) }
}

/** @type {Record<string, string>} */
const HINTS = {
  email: 'One e-mail address',
  url: 'One http or https URL',
  json: 'JSON',
  split: 'JSON of weights, such as {"blue": 90, "green": 10}',
}

function radios(/** @type {string[]} */ values, /** @type {string} */ value) {
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

/** How long. Where the guard bounds it, "for good" is not on offer for a value that is not the safe one. */
export function durationField(
  /** @type {import('./shapes.d.ts').Guard | undefined} */ guard,
  /** @type {boolean} */ exists,
) {
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
  const most = longest === undefined ? Infinity : (durationMs(longest) ?? Infinity)
  let bounded = /** @type {boolean | undefined} */ (undefined)
  function heed(/** @type {string} */ value) {
    const bound = most !== Infinity && value !== safe
    if (bound !== bounded) fill(bound)
    bounded = bound
    other.hidden = select.value !== 'other'
    other.required = !other.hidden
  }
  function fill(/** @type {boolean} */ bound) {
    const fitting = DURATIONS.filter((text) => (durationMs(text) ?? 0) <= (bound ? most : Infinity))
    const offered = bound && longest !== undefined && !fitting.includes(longest) ? [...fitting, longest] : fitting
    select.replaceChildren(
      ...(bound ? [] : [h('option', { value: '' }, 'Until somebody changes it')]),
      ...offered.map((text) => h('option', { value: text }, `${durationText(text)}, then back`)),
      h('option', { value: 'other' }, 'Other…'),
    )
    select.value = bound ? (fitting.includes('30m') ? '30m' : (offered[0] ?? 'other')) : ''
  }
  const hint = longest === undefined ? undefined : `At most ${durationText(longest)} away from ${brief(safe)}`
  const node = field('For how long', select, hint)
  node.append(other)
  if (!exists) node.hidden = true
  const read = () => (select.value === 'other' ? other.value : select.value) || undefined
  return { node, heed, read }
}
