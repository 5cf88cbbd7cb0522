/** The switches, one card each. A card stays the same element while it lives: what has the focus keeps it, whatever changes. */
import { announce, arrange, find, h, icon, showView, write } from './dom.js'
import { nameNode } from './marks.js'
import { brief, valueOf } from './values.js'
import { openChange } from './change.js'
import { endOf, lastChange, store, told } from './store.js'
import { clock, timeOf } from './words.js'

/** @type {Map<string, ReturnType<typeof makeCard>>} */
const cards = new Map()

/** A stash of a thousand switches is searched, not scrolled. */
const SEARCH_FROM = 7

export function showCards() {
  const wanted = find('filter').value.trim().toLowerCase()
  const keys = [...store.flags.keys()].sort()
  const shown = keys.filter((key) => key.toLowerCase().includes(wanted))
  for (const key of cards.keys()) if (!store.flags.has(key)) cards.delete(key)
  for (const key of shown) {
    if (!cards.has(key)) cards.set(key, makeCard(key))
    cards.get(key)?.update()
  }
  arrange(
    find('cards'),
    shown.flatMap((key) => cards.get(key)?.element ?? []),
  )
  find('search').hidden = keys.length < SEARCH_FROM
  const known = store.revision !== -1
  find('empty').hidden = !known || shown.length > 0
  write(find('empty'), keys.length === 0 ? 'This stash has no switches yet.' : 'No switch has this in its name.')
  find('add').hidden = store.token === null
}

/** What is longer is read as a text, and no longer seen as a state. */
const WORDY_CHARS = 13

/** @param {string} key */
function makeCard(key) {
  const name = h('h3', { class: 'key', id: `key-${key}` }, h('bdi', {}, key))
  const kind = h('span', { class: 'kind' })
  const value = h('p', { class: 'now' })
  const lever = h(
    'button',
    { type: 'button', class: 'lever', role: 'switch', 'aria-labelledby': `key-${key}` },
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
  const drawn = { value: /** @type {string | undefined} */ (undefined) }

  function update() {
    const current = store.flags.get(key) ?? null
    const guard = store.guards.get(key)
    const mayChange = store.token !== null
    const isLever = guard?.type === 'boolean' && (current === 'true' || current === 'false')
    if (drawn.value !== current) value.replaceChildren(valueOf(current))
    value.classList.toggle('wordy', (current ?? '').length > WORDY_CHARS)
    value.classList.toggle('percent', guard?.type === 'percentage')
    drawn.value = current ?? undefined
    write(kind, guard === undefined ? '' : guard.type)
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

function drawEnd(/** @type {HTMLElement} */ line, /** @type {string} */ key) {
  const end = endOf(key)
  line.hidden = end === undefined
  if (!end?.due_at || line.dataset['at'] === end.due_at) return
  line.dataset['at'] = end.due_at
  line.replaceChildren(
    icon('clock'),
    h('span', {}, 'goes back in ', timeOf(Date.parse(end.due_at), 'in'), ` (${clock(Date.parse(end.due_at))})`),
  )
}

function drawWaits(/** @type {HTMLElement} */ line, /** @type {string} */ key) {
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

function drawMeta(/** @type {HTMLElement} */ line, /** @type {string} */ key) {
  const entry = lastChange(key)
  const text = entry ? String(entry.revision) : String(entry)
  if (line.dataset['text'] === text) return
  line.dataset['text'] = text
  line.replaceChildren()
  if (!entry) return
  line.append(nameNode(entry.who, 'who'), ' · ', timeOf(Date.parse(entry.at), 'ago'))
  if (entry.reason !== null) line.append(h('span', { class: 'why' }, h('q', {}, brief(entry.reason, 120))))
}

/** Somebody else's change must not go unnoticed; twenty at once need not be read out one by one. */
told.addEventListener('flags', (event) => {
  const { keys, first } = /** @type {CustomEvent} */ (event).detail
  showCards()
  if (first || keys.length === 0) return
  for (const key of keys) glow(cards.get(key)?.element)
  const said = keys
    .slice(0, 3)
    .map((/** @type {string} */ key) => `${key} is now ${brief(store.flags.get(key) ?? null)}`)
  announce(said.join(', ') + (keys.length > 3 ? `, and ${keys.length - 3} more changed` : ''))
})

function glow(/** @type {HTMLElement | undefined} */ element) {
  if (element === undefined) return
  element.classList.remove('changed')
  // A class that is taken away and given again in one breath starts nothing anew.
  void element.offsetWidth
  element.classList.add('changed')
}
