/** History, newest first, and the undo of each revision. */
import { refreshHeld, readOlderHistory } from './details.ts'
import { arrange, find, h, icon, write, type Child } from './dom.ts'
import { createGlassField, createReasonField, hideAfterFreeze } from './fields.ts'
import { nameNode } from './marks.ts'
import { openSheet } from './sheet.ts'
import { getHistory, store } from './store.ts'
import { toast } from './toast.ts'
import type { ChangeReply, HistoryEntry } from './answer-types.ts'
import { brief, valueNode } from './values.ts'
import { describeEntry, fullTime, timeNode } from './words.ts'

const rows = new Map<number, HTMLElement>()

export function showTimeline(): void {
  const entries = getHistory()
  for (const revision of rows.keys()) if (!store.entries.has(revision)) rows.delete(revision)
  const shown = entries.map((entry) => {
    const row = rows.get(entry.revision) ?? createRow(entry)
    rows.set(entry.revision, row)
    return row
  })
  arrange(find('entries'), shown)
  find('older').hidden = store.before === null
  find('entries-empty').hidden = entries.length > 0
  write(
    find('entries-empty'),
    store.token === null ? 'History is shown to those with a token.' : 'Nothing has happened yet.',
  )
}

/** For another stash, and another token: whether a row offers an undo depends on the token. */
export const clearTimeline = (): void => rows.clear()

/** Of one entry; more are counted. */
const SHOWN_CHANGES = 10

function createRow(entry: HistoryEntry): HTMLElement {
  const { revision, at, who, reason, changes } = entry
  const time = timeNode(Date.parse(at), 'ago')
  time.title = fullTime(Date.parse(at))
  const mayUndo = changes.length > 0 && store.token !== null
  const undo =
    mayUndo &&
    h(
      'button',
      { type: 'button', class: 'quiet undo', onclick: () => openUndo(revision) },
      icon('undo'),
      'Undo',
      h('span', { class: 'hidden' }, ` revision ${revision}`),
    )
  const more = changes.length - SHOWN_CHANGES
  return h(
    'li',
    { class: `entry ${entry.broke_glass ? 'glass' : entry.kind}`, 'data-revision': String(revision) },
    h(
      'div',
      { class: 'entry-head' },
      h('strong', {}, describeEntry(entry)),
      h('span', { class: 'rev' }, `r${revision}`),
      undo,
    ),
    h(
      'ul',
      { class: 'what' },
      ...changes.slice(0, SHOWN_CHANGES).map(changeNode),
      more > 0 && h('li', {}, `and ${more} more`),
    ),
    ...noteNodes(entry),
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

const changeNode = ({ key, before, after }: HistoryEntry['changes'][number]): HTMLElement =>
  h(
    'li',
    {},
    h('bdi', { class: 'key' }, key),
    ' ',
    h('span', { class: 'before' }, valueNode(before, { most: 60, whole: false })),
    h(
      'span',
      { class: 'arrow' },
      h('span', { class: 'hidden' }, ' became '),
      h('span', { 'aria-hidden': 'true' }, ' → '),
    ),
    valueNode(after, { most: 60 }),
  )

function noteNodes(entry: HistoryEntry): Child[] {
  const { kind, approved_by, broke_glass, via, freeze, token, dropped, reverts_at, guards = [] } = entry
  const note = (text: string): HTMLElement => h('p', { class: 'note' }, text)
  return [
    approved_by && note(`Approved by ${brief(approved_by.label)}`),
    broke_glass && note(`Broke the glass: ${brief(broke_glass.why, 200)}`),
    via === 'link' && note('By a link'),
    kind === 'freeze' && freeze?.until ? note(`Until ${fullTime(Date.parse(freeze.until))}`) : null,
    token && note(`${brief(token.label)}: ${token.can.join(', ')}`),
    dropped && note(`${dropped.because}: ${dropped.keys.join(', ') || dropped.does}`),
    reverts_at !== undefined && note(`For a time: until ${fullTime(Date.parse(reverts_at))}`),
    ...guards.map(({ key, after }) => note(isGuard(after) ? `${key}: ${after.type}` : key)),
  ]
}

/** null if the guard was removed. */
const isGuard = (guard: unknown): guard is { type: string } =>
  typeof guard === 'object' && guard !== null && 'type' in guard && typeof guard.type === 'string'

export function openUndo(revision: number): void {
  const entry = store.entries.get(revision)
  const reason = createReasonField()
  const glass = createGlassField()
  const opposite = (entry?.changes ?? [])
    .slice(0, SHOWN_CHANGES)
    .map(({ key, before, after }) => changeNode({ key, before: after, after: before }))
  const { dialog } = openSheet<ChangeReply>({
    title: `Undo revision ${revision}?`,
    body: [
      opposite.length > 0
        ? h('ul', { class: 'what' }, ...opposite)
        : h('p', {}, 'It writes the opposite of what this revision did.'),
      reason.node,
      glass.node,
    ],
    action: 'Undo it',
    send: (key, signal, session) =>
      session.call('POST', session.path('/undo'), {
        body: { revision, reason: reason.read() },
        headers: { 'Idempotency-Key': key, 'Break-Glass': glass.read() },
        signal,
      }),
    refused: ({ code, facts }) => {
      if (code === 'frozen' && facts['may_break_glass'] === true) glass.show()
      return null
    },
    done: ({ status, body }) => {
      if (status !== 202) return { text: `Undone: ${(body.changed ?? []).join(', ')}.` }
      refreshHeld()
      return { text: 'Nothing has changed yet: undoing this waits for a second person.' }
    },
  })
  hideAfterFreeze(dialog, glass)
}

find('older').addEventListener('click', () =>
  readOlderHistory().catch((error: unknown) => toast(error instanceof Error ? error.message : String(error))),
)
