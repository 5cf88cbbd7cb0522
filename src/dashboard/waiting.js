/** What waits: for a second person, for its time, for its link. Approved, declined or cancelled here. */
import { arrange, find, h, icon, write } from './dom.js'
import { nameNode } from './marks.js'
import { brief, valueOf } from './values.js'
import { glassField, heedThaw, openSheet, reasonField, whileOpen } from './sheet.js'
import { lookAtHeld } from './details.js'
import { store, told } from './store.js'
import { clock, durationText, plans, timeOf, writes } from './words.js'

/** @typedef {import('./store.js').Held} Held */

/** @type {Map<string, { row: HTMLElement, update(): void }>} */
const shown = new Map()

export function showWaiting() {
  const held = store.held.toSorted((a, b) => Number(b.kind === 'approval') - Number(a.kind === 'approval'))
  const names = new Set(held.map(nameOf))
  for (const name of shown.keys()) if (!names.has(name)) shown.delete(name)
  for (const one of held) {
    if (!shown.has(nameOf(one))) shown.set(nameOf(one), makeRow(one))
    shown.get(nameOf(one))?.update()
  }
  arrange(
    find('held'),
    held.flatMap((one) => shown.get(nameOf(one))?.row ?? []),
  )
  const asked = held.filter(({ kind }) => kind === 'approval').length
  find('badge').hidden = asked === 0
  write(find('badge'), String(asked))
  write(find('badge-text'), asked === 0 ? '' : asked === 1 ? ', one for approval' : `, ${asked} for approval`)
  const none = store.token === null ? 'What waits is shown to those with a token.' : 'Nothing waits.'
  find('held-empty').hidden = held.length > 0
  write(find('held-empty'), none)
}

/** Its maker's token may end while it waits: then it is another row. */
const nameOf = (/** @type {Held} */ { held_id: id, made_by }) => `${id} ${made_by}`

const WAITS = /** @type {const} */ ({
  approval: 'For a second person',
  schedule: 'Scheduled',
  revert: 'Goes back',
  link: 'Link',
})

/** @param {Held} held */
function makeRow(held) {
  const { kind, made_by, made_at, reason, due_at, expires_at } = held
  const when = due_at ?? expires_at
  const head = h(
    'p',
    { class: `tag ${kind}` },
    icon(kind === 'approval' ? 'hand' : kind === 'link' ? 'link' : 'clock'),
    WAITS[kind],
  )
  const end =
    when === null
      ? null
      : h(
          'span',
          {},
          kind === 'approval' || kind === 'link' ? 'expires in ' : 'in ',
          timeOf(Date.parse(when), 'in'),
          ` (${clock(Date.parse(when))})`,
        )
  const meta = h(
    'p',
    { class: 'meta' },
    // By the stash itself: who set it stands with the switch.
    ...(kind === 'revert' ? ['Set '] : [nameNode(made_by, 'who'), ' · ']),
    timeOf(Date.parse(made_at), 'ago'),
    end && ' · ',
    end,
    reason && h('span', { class: 'why' }, h('q', {}, brief(reason, 200))),
  )
  const drop = h(
    'button',
    { type: 'button', class: 'secondary', onclick: () => openDrop(held) },
    DROPS[kind],
    h('span', { class: 'hidden' }, ` ${held.keys.join(', ')}`),
  )
  const approve =
    kind === 'approval' &&
    h(
      'button',
      { type: 'button', class: 'primary', onclick: () => openApprove(held) },
      'Approve…',
      h('span', { class: 'hidden' }, ` ${held.keys.join(', ')}`),
    )
  const what = h('div', {})
  const values = () => JSON.stringify(held.keys.map((key) => store.flags.get(key) ?? null))
  let drawn = ''
  // "From" is how it stands now, and not when the row was made.
  const update = () => {
    if (drawn === values()) return
    drawn = values()
    what.replaceChildren(whatOf(held))
  }
  const row = h(
    'li',
    { class: 'item', 'data-held': held.held_id },
    head,
    what,
    meta,
    h('div', { class: 'actions' }, drop, approve),
  )
  return { row, update }
}

const DROPS = /** @type {const} */ ({
  approval: 'Decline…',
  schedule: 'Cancel…',
  revert: 'Do not go back…',
  link: 'Cancel…',
})

/** @param {Held} held */
function whatOf({ change, keys }) {
  const values = writes(change)
  const length = change.for === undefined ? null : h('span', {}, `for ${durationText(change.for)}`)
  if (values.length === 0) return h('p', { class: 'what' }, plans(change), keys.length > 0 && ` (${keys.join(', ')})`)
  return h(
    'ul',
    { class: 'what' },
    ...values
      .slice(0, 10)
      .map(({ key, after }) =>
        h(
          'li',
          {},
          h('bdi', { class: 'key' }, key),
          ' ',
          valueOf(store.flags.get(key) ?? null, { most: 60, whole: false }),
          h(
            'span',
            { class: 'arrow' },
            h('span', { class: 'hidden' }, ' becomes '),
            h('span', { 'aria-hidden': 'true' }, ' → '),
          ),
          valueOf(after, { most: 60 }),
          ' ',
          length,
        ),
      ),
    values.length > 10 && h('li', {}, `and ${values.length - 10} more`),
  )
}

/** What stays for good where the end of a time-box is dropped: said, because the change that waits is what will not be. */
function stayingOf(/** @type {Held} */ { change, keys }) {
  const back = writes(change)
  const end = back.length === 1 ? back[0]?.after : null
  return h(
    'div',
    { class: 'stack' },
    h(
      'ul',
      { class: 'what' },
      ...keys
        .slice(0, 10)
        .map((key) => h('li', {}, h('strong', {}, h('bdi', {}, key), ' stays ', stayValue(key), ', with no end'))),
      keys.length > 10 && h('li', {}, `and ${keys.length - 10} more`),
    ),
    typeof end === 'string' &&
      h('p', {}, 'To end it now, set it to ', valueOf(end, { most: 60, whole: false }), ' instead.'),
  )
}

const stayValue = (/** @type {string} */ key) => valueOf(store.flags.get(key) ?? null, { most: 60, whole: false })

/** In a dialog: "from" is how it stands now, and whoever is about to press must see that it has moved. */
function liveWhat(/** @type {Held} */ held, draw = whatOf) {
  const what = h('div', {}, draw(held))
  const notice = h('p', { class: 'notice', hidden: true }, 'It has just changed: this is how it stands now.')
  const follow = (/** @type {Element} */ dialog) =>
    whileOpen(dialog, 'flags', (event) => {
      const { keys } = /** @type {CustomEvent<{ keys: string[] }>} */ (event).detail
      if (!keys.some((key) => held.keys.includes(key))) return
      what.replaceChildren(draw(held))
      notice.hidden = false
    })
  return { node: h('div', { class: 'stack' }, what, notice), follow }
}

/** @param {Held} held */
function openApprove(held) {
  const reason = reasonField()
  const glass = glassField()
  const what = liveWhat(held)
  const { dialog } = openSheet({
    title: 'Approve this change?',
    body: [
      what.node,
      h(
        'p',
        { class: 'meta' },
        'Asked for by ',
        nameNode(held.made_by),
        held.reason && h('span', { class: 'why' }, h('q', {}, brief(held.reason, 200))),
      ),
      reason.node,
      glass.node,
    ],
    action: 'Approve: make it so',
    send: (key, signal, { ask, under }) =>
      ask('POST', under(`/held/${held.held_id}/approve`), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key, 'Break-Glass': glass.read() },
        signal,
      }),
    refused: ({ code, facts }) => {
      if (code === 'frozen' && facts['may_break_glass']) glass.show()
      return null
    },
    done: ({ body }) => {
      lookAtHeld()
      return { text: `Approved: ${body.changed.join(', ') || 'nothing was left to change'}.` }
    },
  })
  what.follow(dialog)
  heedThaw(dialog, glass)
}

const DROP_TITLES = /** @type {const} */ ({
  approval: 'Decline this change?',
  schedule: 'Cancel this change?',
  revert: 'Let it stay as it is?',
  link: 'Cancel this link?',
})
const DROP_ACTIONS = /** @type {const} */ ({
  approval: 'Decline it',
  schedule: 'Cancel it',
  revert: 'Let it stay',
  link: 'Cancel it',
})

/** @param {Held} held */
function openDrop(held) {
  const reason = reasonField()
  const isEnd = held.kind === 'revert'
  const what = liveWhat(held, isEnd ? stayingOf : whatOf)
  const { dialog } = openSheet({
    title: DROP_TITLES[held.kind],
    body: [
      what.node,
      h('p', {}, isEnd ? 'It will not go back by itself any more.' : 'It will not happen.'),
      reason.node,
    ],
    action: DROP_ACTIONS[held.kind],
    danger: true,
    send: (key, signal, { ask, under }) =>
      ask('DELETE', under(`/held/${held.held_id}`), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      }),
    done: () => {
      lookAtHeld()
      return { text: isEnd ? wordStaying(held) : 'Dropped: it will not happen.' }
    },
  })
  what.follow(dialog)
}

const wordStaying = (/** @type {Held} */ { keys }) =>
  keys.length === 1
    ? `${keys[0]} stays ${brief(store.flags.get(keys[0] ?? '') ?? null)}, with no end.`
    : `${keys.length} switches stay as they are, with no end.`

told.addEventListener('flags', showWaiting)
