/** History, the newest first, and the way back from each revision. */
import { arrange, find, h, icon, write } from './dom.js'
import { nameNode } from './marks.js'
import { brief, valueOf } from './values.js'
import { glassField, heedThaw, openSheet, reasonField, toast } from './sheet.js'
import { lookAtHeld, readOlder } from './details.js'
import { history, store } from './store.js'
import { did, fullTime, timeOf } from './words.js'

/** @typedef {import('./store.js').Entry} Entry */

/** @type {Map<number, HTMLElement>} */
const shown = new Map()

export function showTimeline() {
  const entries = history()
  for (const revision of shown.keys()) if (!store.entries.has(revision)) shown.delete(revision)
  for (const entry of entries) if (!shown.has(entry.revision)) shown.set(entry.revision, makeEntry(entry))
  arrange(
    find('entries'),
    entries.flatMap(({ revision }) => shown.get(revision) ?? []),
  )
  find('older').hidden = store.before === null
  find('entries-empty').hidden = entries.length > 0
  write(
    find('entries-empty'),
    store.token === null ? 'History is shown to those with a token.' : 'Nothing has happened yet.',
  )
}

/** Another stash begins anew. */
export const forgetTimeline = () => shown.clear()

/** @param {Entry} entry */
function makeEntry(entry) {
  const { revision, at, who, reason, changes } = entry
  const time = timeOf(Date.parse(at), 'ago')
  time.title = fullTime(Date.parse(at))
  const notes = notesOf(entry)
  const undo =
    changes.length > 0 &&
    h(
      'button',
      { type: 'button', class: 'quiet undo', onclick: () => openUndo(revision) },
      icon('undo'),
      'Undo',
      h('span', { class: 'hidden' }, ` revision ${revision}`),
    )
  return h(
    'li',
    { class: `entry ${entry.broke_glass ? 'glass' : entry.kind}`, 'data-revision': String(revision) },
    h(
      'div',
      { class: 'entry-head' },
      h('strong', {}, did(entry)),
      h('span', { class: 'rev' }, `r${revision}`),
      undo && store.token !== null && undo,
    ),
    h(
      'ul',
      { class: 'what' },
      ...changes.slice(0, 10).map(changeOf),
      changes.length > 10 && h('li', {}, `and ${changes.length - 10} more`),
    ),
    ...notes,
    h(
      'p',
      { class: 'meta' },
      nameNode(who, 'who'),
      ' · ',
      time,
      reason !== null && h('span', { class: 'why' }, h('q', {}, brief(reason, 500))),
    ),
  )
}

const changeOf = (/** @type {Entry['changes'][number]} */ { key, before, after }) =>
  h(
    'li',
    {},
    h('bdi', { class: 'key' }, key),
    ' ',
    h('span', { class: 'before' }, valueOf(before, { most: 60, whole: false })),
    h(
      'span',
      { class: 'arrow' },
      h('span', { class: 'hidden' }, ' became '),
      h('span', { 'aria-hidden': 'true' }, ' → '),
    ),
    valueOf(after, { most: 60 }),
  )

/** @param {Entry} entry */
function notesOf({ kind, approved_by, broke_glass, via, freeze, token, dropped, reverts_at, guards = [] }) {
  const note = (/** @type {string} */ text) => h('p', { class: 'note' }, text)
  return [
    approved_by && note(`Approved by ${brief(approved_by.label)}`),
    broke_glass && note(`Broke the glass: ${brief(broke_glass.why, 200)}`),
    via === 'link' && note('By a link'),
    kind === 'freeze' && freeze?.until && note(`Until ${fullTime(Date.parse(freeze.until))}`),
    token && note(`${brief(token.label)}: ${token.can.join(', ')}`),
    dropped && note(`${dropped.because}: ${dropped.keys.join(', ') || dropped.does}`),
    reverts_at && note(`For a time: until ${fullTime(Date.parse(reverts_at))}`),
    ...guards.map((/** @type {import('./shapes.d.ts').GuardBefore} */ { key, after }) =>
      note(after === null ? key : `${key}: ${after.type}`),
    ),
  ].filter(Boolean)
}

/** @param {number} revision */
export function openUndo(revision) {
  const entry = store.entries.get(revision)
  const reason = reasonField()
  const glass = glassField()
  const opposite = (entry?.changes ?? [])
    .slice(0, 10)
    .map(({ key, before, after }) => changeOf({ key, before: after, after: before }))
  const { dialog } = openSheet({
    title: `Undo revision ${revision}?`,
    body: [
      opposite.length > 0
        ? h('ul', { class: 'what' }, ...opposite)
        : h('p', {}, 'It writes the opposite of what this revision did.'),
      reason.node,
      glass.node,
    ],
    action: 'Undo it',
    send: (key, signal, { ask, under }) =>
      ask('POST', under('/undo'), {
        body: { revision, reason: reason.read() },
        headers: { 'Idempotency-Key': key, 'Break-Glass': glass.read() },
        signal,
      }),
    refused: ({ code, facts }) => {
      if (code === 'frozen' && facts['may_break_glass']) glass.show()
      return null
    },
    done: ({ status, body }) => {
      if (status !== 202) return { text: `Undone: ${body.changed.join(', ')}.` }
      lookAtHeld()
      return { text: 'Nothing has changed yet: undoing this waits for a second person.' }
    },
  })
  heedThaw(dialog, glass)
}

find('older').addEventListener('click', () => readOlder().catch((fault) => toast(fault.message)))
