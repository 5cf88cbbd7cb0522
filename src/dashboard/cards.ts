/** The switches, one card each. A card stays the same element while it lives, so that its controls keep the focus. */
import { openChange } from './change.ts'
import { announce, arrange, find, h, icon, showView, write } from './dom.ts'
import { on } from './events.ts'
import { nameNode } from './marks.ts'
import { findLastChange, findPendingEnd, store } from './store.ts'
import { brief, valueNode } from './values.ts'
import { clock, timeNode } from './words.ts'

type Card = { element: HTMLElement; update(): void }

const cards = new Map<string, Card>()

/** With this many switches there is a search field. */
const SEARCH_FROM = 7

export function showCards(): void {
  const wanted = find('filter', HTMLInputElement).value.trim().toLowerCase()
  const keys = [...store.flags.keys()].sort()
  const shown = keys.filter((key) => key.toLowerCase().includes(wanted))
  for (const key of cards.keys()) if (!store.flags.has(key)) cards.delete(key)
  const elements = shown.map((key) => {
    const card = cards.get(key) ?? createCard(key)
    cards.set(key, card)
    card.update()
    return card.element
  })
  arrange(find('cards'), elements)
  find('search').hidden = keys.length < SEARCH_FROM
  find('empty').hidden = store.revision === -1 || shown.length > 0
  write(find('empty'), keys.length === 0 ? 'This stash has no switches yet.' : 'No switch has this in its name.')
  find('add').hidden = store.token === null
}

/** The longest value in the large type of a card: longer ones are read, not recognised at a glance. */
const LARGE_TYPE_CHARS = 13

function createCard(key: string): Card {
  const name = h('h3', { class: 'key', id: `key-${key}` }, h('bdi', {}, key))
  const kind = h('span', { class: 'kind' })
  const value = h('p', { class: 'now' })
  const lever = h(
    'button',
    { type: 'button', class: 'lever', role: 'switch', 'aria-labelledby': name.id },
    h('span', { class: 'knob' }),
  )
  const change = h(
    'button',
    { type: 'button', class: 'secondary change' },
    'Change',
    h('span', { class: 'hidden' }, ` ${key}`),
  )
  const until = h('p', { class: 'until' })
  const waits = h('p', { class: 'waits' })
  const meta = h('p', { class: 'meta' })
  const element = h(
    'li',
    { class: 'card', 'data-key': key },
    h('div', { class: 'head' }, name, kind),
    h('div', { class: 'row' }, value, lever, change),
    until,
    waits,
    meta,
  )
  lever.addEventListener('click', () => openChange(key, store.flags.get(key) === 'true' ? 'false' : 'true'))
  change.addEventListener('click', () => openChange(key))
  let drawn: string | undefined

  function update(): void {
    const current = store.flags.get(key)
    const guard = store.guards.get(key)
    const mayChange = store.token !== null
    const isLever = guard?.type === 'boolean' && (current === 'true' || current === 'false')
    if (drawn !== current) value.replaceChildren(valueNode(current ?? null))
    drawn = current
    value.classList.toggle('wordy', (current ?? '').length > LARGE_TYPE_CHARS)
    value.classList.toggle('percent', guard?.type === 'percentage')
    write(kind, guard?.type ?? '')
    lever.hidden = !isLever || !mayChange
    lever.setAttribute('aria-checked', String(current === 'true'))
    change.hidden = isLever || !mayChange
    element.classList.toggle('unsafe', guard?.safe_value !== undefined && current !== guard.safe_value)
    drawEnd(until, key)
    drawWaits(waits, key)
    drawMeta(meta, key)
  }
  return { element, update }
}

function drawEnd(line: HTMLElement, key: string): void {
  const end = findPendingEnd(key)
  line.hidden = end === undefined
  if (!end?.due_at || line.dataset['at'] === end.due_at) return
  line.dataset['at'] = end.due_at
  const at = Date.parse(end.due_at)
  line.replaceChildren(icon('clock'), h('span', {}, 'goes back in ', timeNode(at, 'in'), ` (${clock(at)})`))
}

function drawWaits(line: HTMLElement, key: string): void {
  const count = store.held.filter(
    ({ kind, keys }) => (kind === 'approval' || kind === 'schedule') && keys.includes(key),
  ).length
  line.hidden = count === 0
  if (count === 0) return
  const text = count === 1 ? 'A change waits' : `${count} changes wait`
  if (line.dataset['text'] === text) return
  line.dataset['text'] = text
  line.replaceChildren(
    h('button', { type: 'button', class: 'quiet', onclick: () => showView('waiting') }, icon('hand'), text),
  )
}

function drawMeta(line: HTMLElement, key: string): void {
  const entry = findLastChange(key)
  const text = entry ? String(entry.revision) : String(entry)
  if (line.dataset['text'] === text) return
  line.dataset['text'] = text
  line.replaceChildren()
  if (!entry) return
  line.append(nameNode(entry.who, 'who'), ' · ', timeNode(Date.parse(entry.at), 'ago'))
  if (entry.reason !== null) line.append(h('span', { class: 'why' }, h('q', {}, brief(entry.reason, 120))))
}

/** Read out at once; further ones are only counted. */
const ANNOUNCED = 3

on('flags', ({ keys, first }) => {
  showCards()
  if (first || keys.length === 0) return
  for (const key of keys) highlight(cards.get(key)?.element)
  const said = keys.slice(0, ANNOUNCED).map((key) => `${key} is now ${brief(store.flags.get(key) ?? null)}`)
  const more = keys.length - ANNOUNCED
  announce(said.join(', ') + (more > 0 ? `, and ${more} more changed` : ''))
})

function highlight(element: HTMLElement | undefined): void {
  if (element === undefined) return
  element.classList.remove('changed')
  // Has the browser compute the layout: without that the animation of the class would not start again.
  void element.offsetWidth
  element.classList.add('changed')
}
