/** The held changes: for a second person, a time or a link. Approved, declined and cancelled here. */
import { refreshHeld } from './details.ts'
import { arrange, find, h, icon, write } from './dom.ts'
import { on } from './events.ts'
import { createGlassField, createReasonField, hideAfterFreeze, untilClosed } from './fields.ts'
import { nameNode } from './marks.ts'
import { openSheet } from './sheet.ts'
import { store } from './store.ts'
import type { ChangeReply, HeldChange } from './answer-types.ts'
import { brief, valueNode } from './values.ts'
import { clock, describeChange, durationText, listWrites, timeNode } from './words.ts'

type Row = { element: HTMLElement; update(): void }

const rows = new Map<string, Row>()

export function showWaiting(): void {
  const held = store.held.toSorted((a, b) => Number(b.kind === 'approval') - Number(a.kind === 'approval'))
  const ids = new Set(held.map(toRowId))
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id)
  const elements = held.map((one) => {
    const row = rows.get(toRowId(one)) ?? createRow(one)
    rows.set(toRowId(one), row)
    row.update()
    return row.element
  })
  arrange(find('held'), elements)
  const asked = held.filter(({ kind }) => kind === 'approval').length
  find('badge').hidden = asked === 0
  write(find('badge'), String(asked))
  write(find('badge-text'), asked === 0 ? '' : asked === 1 ? ', one for approval' : `, ${asked} for approval`)
  const none = store.token === null ? 'What waits is shown to those with a token.' : 'Nothing waits.'
  find('held-empty').hidden = held.length > 0
  write(find('held-empty'), none)
}

/** With `made_by`, which the row shows: it changes when the maker's token ends. */
const toRowId = ({ held_id: id, made_by }: HeldChange): string => `${id} ${made_by}`

type Words = { icon: 'hand' | 'link' | 'clock'; tag: string; drop: string; dropTitle: string; dropAction: string }

const WORDS: Record<HeldChange['kind'], Words> = {
  approval: {
    icon: 'hand',
    tag: 'For a second person',
    drop: 'Decline…',
    dropTitle: 'Decline this change?',
    dropAction: 'Decline it',
  },
  schedule: {
    icon: 'clock',
    tag: 'Scheduled',
    drop: 'Cancel…',
    dropTitle: 'Cancel this change?',
    dropAction: 'Cancel it',
  },
  revert: {
    icon: 'clock',
    tag: 'Goes back',
    drop: 'Do not go back…',
    dropTitle: 'Let it stay as it is?',
    dropAction: 'Let it stay',
  },
  link: { icon: 'link', tag: 'Link', drop: 'Cancel…', dropTitle: 'Cancel this link?', dropAction: 'Cancel it' },
}

function createRow(held: HeldChange): Row {
  const { kind } = held
  const words = WORDS[kind]
  const forKeys = (): HTMLElement => h('span', { class: 'hidden' }, ` ${held.keys.join(', ')}`)
  const drop = h('button', { type: 'button', class: 'secondary', onclick: () => openDrop(held) }, words.drop, forKeys())
  const approve =
    kind === 'approval' &&
    h('button', { type: 'button', class: 'primary', onclick: () => openApprove(held) }, 'Approve…', forKeys())
  const what = h('div', {})
  const currentValues = (): string => JSON.stringify(held.keys.map((key) => store.flags.get(key) ?? null))
  let drawn = ''
  // The row shows from which value the change would be made: the current one, and not that of the time it was asked for.
  const update = (): void => {
    if (drawn === currentValues()) return
    drawn = currentValues()
    what.replaceChildren(whatNode(held))
  }
  const element = h(
    'li',
    { class: 'item', 'data-held': held.held_id },
    h('p', { class: `tag ${kind}` }, icon(words.icon), words.tag),
    what,
    metaNode(held),
    h('div', { class: 'actions' }, drop, approve),
  )
  return { element, update }
}

function metaNode({ kind, made_by, made_at, reason, due_at, expires_at }: HeldChange): HTMLElement {
  const when = due_at ?? expires_at
  const before = kind === 'approval' || kind === 'link' ? 'expires in ' : 'in '
  const end = when !== null && h('span', {}, before, timeNode(Date.parse(when), 'in'), ` (${clock(Date.parse(when))})`)
  return h(
    'p',
    { class: 'meta' },
    // A revert is made by the stash itself. Who set the time-box is shown with the switch.
    ...(kind === 'revert' ? ['Set '] : [nameNode(made_by, 'who'), ' · ']),
    timeNode(Date.parse(made_at), 'ago'),
    end && ' · ',
    end,
    reason && h('span', { class: 'why' }, h('q', {}, brief(reason, 200))),
  )
}

/** Of one change; more are counted. */
const SHOWN_KEYS = 10

const moreNode = (count: number): HTMLElement | false =>
  count > SHOWN_KEYS && h('li', {}, `and ${count - SHOWN_KEYS} more`)

const currentNode = (key: string): HTMLElement => valueNode(store.flags.get(key) ?? null, { most: 60, whole: false })

/** What the change does: the values it writes, beside the current ones. */
function whatNode({ change, keys }: HeldChange): HTMLElement {
  const writes = listWrites(change)
  if (writes.length === 0) {
    return h('p', { class: 'what' }, describeChange(change), keys.length > 0 && ` (${keys.join(', ')})`)
  }
  const length = change.for
  const lines = writes
    .slice(0, SHOWN_KEYS)
    .map(({ key, after }) =>
      h(
        'li',
        {},
        h('bdi', { class: 'key' }, key),
        ' ',
        currentNode(key),
        h(
          'span',
          { class: 'arrow' },
          h('span', { class: 'hidden' }, ' becomes '),
          h('span', { 'aria-hidden': 'true' }, ' → '),
        ),
        valueNode(after, { most: 60 }),
        ' ',
        length !== undefined && h('span', {}, `for ${durationText(length)}`),
      ),
    )
  return h('ul', { class: 'what' }, ...lines, moreNode(writes.length))
}

/** What stays for good if the end of a time-box is dropped. The change itself would show what will not happen. */
function stayingNode({ change, keys }: HeldChange): HTMLElement {
  const writes = listWrites(change)
  const end = writes.length === 1 ? writes[0]?.after : null
  const lines = keys
    .slice(0, SHOWN_KEYS)
    .map((key) => h('li', {}, h('strong', {}, h('bdi', {}, key), ' stays ', currentNode(key), ', with no end')))
  return h(
    'div',
    { class: 'stack' },
    h('ul', { class: 'what' }, ...lines, moreNode(keys.length)),
    typeof end === 'string' &&
      h('p', {}, 'To end it now, set it to ', valueNode(end, { most: 60, whole: false }), ' instead.'),
  )
}

type LiveNode = { node: HTMLElement; follow(dialog: HTMLDialogElement): void }

/** For a dialog: draws again when the values change, and says so, because a person may be about to press the button. */
function createLiveNode(held: HeldChange, draw: (held: HeldChange) => HTMLElement): LiveNode {
  const what = h('div', {}, draw(held))
  const notice = h('p', { class: 'notice', hidden: true }, 'It has just changed: this is how it stands now.')
  const update = ({ keys }: { keys: string[] }): void => {
    if (!keys.some((key) => held.keys.includes(key))) return
    what.replaceChildren(draw(held))
    notice.hidden = false
  }
  return {
    node: h('div', { class: 'stack' }, what, notice),
    follow: (dialog) => on('flags', update, untilClosed(dialog)),
  }
}

function openApprove(held: HeldChange): void {
  const reason = createReasonField()
  const glass = createGlassField()
  const what = createLiveNode(held, whatNode)
  const { dialog } = openSheet<ChangeReply>({
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
    send: (key, signal, session) =>
      session.call('POST', session.path(`/held/${held.held_id}/approve`), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key, 'Break-Glass': glass.read() },
        signal,
      }),
    refused: ({ code, facts }) => {
      if (code === 'frozen' && facts['may_break_glass'] === true) glass.show()
      return null
    },
    done: ({ body }) => {
      refreshHeld()
      return { text: `Approved: ${(body.changed ?? []).join(', ') || 'nothing was left to change'}.` }
    },
  })
  what.follow(dialog)
  hideAfterFreeze(dialog, glass)
}

function openDrop(held: HeldChange): void {
  const reason = createReasonField()
  const isEnd = held.kind === 'revert'
  const what = createLiveNode(held, isEnd ? stayingNode : whatNode)
  const { dropTitle, dropAction } = WORDS[held.kind]
  const { dialog } = openSheet<ChangeReply>({
    title: dropTitle,
    body: [
      what.node,
      h('p', {}, isEnd ? 'It will not go back by itself any more.' : 'It will not happen.'),
      reason.node,
    ],
    action: dropAction,
    danger: true,
    send: (key, signal, session) =>
      session.call('DELETE', session.path(`/held/${held.held_id}`), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      }),
    done: () => {
      refreshHeld()
      return { text: isEnd ? describeStaying(held) : 'Dropped: it will not happen.' }
    },
  })
  what.follow(dialog)
}

function describeStaying({ keys }: HeldChange): string {
  const [key = ''] = keys
  return keys.length === 1
    ? `${key} stays ${brief(store.flags.get(key) ?? null)}, with no end.`
    : `${keys.length} switches stay as they are, with no end.`
}

on('flags', showWaiting)
