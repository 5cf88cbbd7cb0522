/** The dialog that changes one switch. The guard decides what it asks for; its button says what will happen. */
import type { Reply } from '../client/call.ts'
import { createDurationField, createValueControl } from './controls.ts'
import { refreshHeld } from './details.ts'
import { find, h, showView } from './dom.ts'
import { on } from './events.ts'
import { createGlassField, createReasonField, field, hideAfterFreeze, untilClosed } from './fields.ts'
import { createCondition, findType, readItem, type Item } from './item.ts'
import { openLink } from './link.ts'
import { openSheet, type Sheet } from './sheet.ts'
import { currentSession, store } from './store.ts'
import { openUndo } from './timeline.ts'
import type { ToastAction } from './toast.ts'
import type { ChangeReply } from './answer-types.ts'
import { brief, valueNode } from './values.ts'
import { clock, durationText } from './words.ts'

/**
 * @param key null: a new one
 * @param proposed the value that the dialog begins with
 */
export function openChange(key: string | null, proposed?: string): Sheet {
  const guard = key === null ? undefined : store.guards.get(key)
  const current = key === null ? null : (store.flags.get(key) ?? null)
  const known = key === null ? undefined : store.items.get(key)
  /** The item that the write replaces. After a conflict it is set to the item that was read then. */
  const shown: Item = { value: current, version: known?.version, type: known?.type }
  const name = h('input', {
    name: 'key',
    required: true,
    pattern: '[A-Za-z0-9._\\-]{1,128}',
    maxlength: '128',
    autocapitalize: 'none',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const control = createValueControl(guard, proposed ?? current ?? '')
  const reason = createReasonField(guard?.reason_required === true)
  const duration = createDurationField(guard, current !== null)
  const glass = createGlassField()
  const getKey = (): string => key ?? name.value
  const link = h('button', { type: 'button', class: 'secondary' }, 'Make a link')
  const notice = h('p', { class: 'notice', hidden: true })
  const { stash } = currentSession()

  const sheet = openSheet<ChangeReply>({
    title: key ?? 'Add a switch',
    body: [
      key === null
        ? field('Name', name, 'Letters, digits, dots, dashes and underscores')
        : h('p', { class: 'from' }, 'Now ', valueNode(current, { most: 80, whole: false })),
      notice,
      control.node,
      duration.node,
      reason.node,
      glass.node,
    ],
    action: '…',
    send: async (idempotencyKey, signal, session) =>
      session.call('PUT', `/item/${stash}/${getKey()}`, {
        body: control.read(),
        query: { reason: reason.read(), for: duration.read() },
        headers: {
          'Content-Type': await findType(stash, key, shown),
          'Idempotency-Key': idempotencyKey,
          ...(await createCondition(stash, key, shown)),
          'Break-Glass': glass.read(),
        },
        signal,
      }),
    done: (reply) => describeReply(getKey(), control.read(), reply),
    refused: ({ code, facts }) => {
      if (code === 'frozen' && facts['may_break_glass'] === true) glass.show()
      if (code === 'reason_required') reason.demand()
      if (key === null && code === 'time_box_required')
        return h('p', {}, `It is new, so there is nothing to go back to: write ${safeValueText(name.value)} first.`)
      if (code !== 'version_conflict') return null
      if (key === null) return h('p', {}, 'A switch of this name is there already: change it where it stands.')
      const { current: revision } = facts
      return conflictNode(stash, key, typeof revision === 'number' ? revision : null, shown)
    },
    beside: link,
  })
  const update = (): void => {
    duration.fitTo(control.read())
    const length = duration.read()
    sheet.setAction(`Set to ${brief(control.read(), 18)}${length ? ` for ${durationText(length)}` : ''}`)
  }
  sheet.form.addEventListener('input', update)
  update()
  link.addEventListener('click', () => {
    if (!sheet.form.reportValidity()) return
    sheet.dialog.close()
    openLink({ key: getKey(), value: control.read(), length: duration.read(), reason: reason.read() }, () =>
      findType(stash, key, shown),
    )
  })
  // The value may change while a person is about to press the button.
  const noticeChange = ({ keys }: { keys: string[] }): void => {
    if (key === null || !keys.includes(key)) return
    notice.hidden = false
    notice.textContent = `It has just changed: it is ${brief(store.flags.get(key) ?? null)} now.`
  }
  on('flags', noticeChange, untilClosed(sheet.dialog))
  hideAfterFreeze(sheet.dialog, glass)
  return sheet
}

function safeValueText(key: string): string {
  const safe = store.guards.get(key)?.safe_value
  return safe === undefined ? 'its safe value' : `"${brief(safe)}"`
}

/** Reads the present value, shows it, and offers to start from it. The stream may be behind the conflict. */
function conflictNode(stash: string, key: string, revision: number | null, shown: Item): HTMLElement {
  const node = h('div', {}, h('p', {}, 'Reading what it is now…'))
  const show = async (): Promise<void> => {
    const button = h('button', { type: 'button', class: 'secondary' })
    try {
      const found = await readItem(stash, key, revision ?? store.revision)
      button.textContent = 'I have seen it: use this as the starting point'
      button.addEventListener('click', () => {
        Object.assign(shown, found)
        button.textContent = 'Press the button below once more'
        button.disabled = true
      })
      node.replaceChildren(h('p', {}, 'It is now ', valueNode(found.value, { most: 80, whole: false })), button)
    } catch {
      button.textContent = 'Read it again'
      button.addEventListener('click', show)
      node.replaceChildren(h('p', {}, 'What it is now could not be read.'), button)
    }
  }
  void show()
  return node
}

function describeReply(
  key: string,
  value: string,
  { status, body }: Reply<ChangeReply>,
): { text: string; act: ToastAction } {
  if (status === 202) {
    refreshHeld()
    return {
      text: `${key} has not changed yet: it waits for ${body.waits_for === 'approval' ? 'a second person' : 'its time'}.`,
      act: { label: 'See what waits', run: () => showView('waiting') },
    }
  }
  const until = body.reverts_at === undefined ? '' : ` until ${clock(Date.parse(body.reverts_at))}`
  // An answer other than 202 has the revision: `callApi` has checked it.
  const { revision = 0 } = body
  return { text: `${key} is ${brief(value)}${until}.`, act: { label: 'Undo', run: () => openUndo(revision) } }
}

find('add').addEventListener('click', () => openChange(null))
