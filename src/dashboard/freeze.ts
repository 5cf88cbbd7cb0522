/** The dialogs that freeze the stash and end the freeze. */
import { find, h } from './dom.ts'
import { createReasonField, field } from './fields.ts'
import { openSheet } from './sheet.ts'
import { store } from './store.ts'
import type { ChangeReply } from './answer-types.ts'
import { valueNode } from './values.ts'

const LENGTHS: [seconds: string, text: string][] = [
  ['3600', '1 hour'],
  ['14400', '4 hours'],
  ['43200', '12 hours'],
  ['172800', '2 days'],
  ['', 'Until somebody ends it'],
]

function openFreeze(): void {
  const reason = createReasonField()
  const length = h('select', { name: 'until' }, ...LENGTHS.map(([value, text]) => h('option', { value }, text)))
  const endFromNow = (): string | undefined =>
    length.value === '' ? undefined : new Date(Date.now() + Number(length.value) * 1_000).toISOString()
  // Fixed when it is first sent: the repeat of a request must have the same body.
  let sent: { key: string; until: string | undefined } = { key: '', until: undefined }
  openSheet<ChangeReply>({
    title: 'Freeze the stash?',
    body: [
      h(
        'p',
        {},
        'Nothing changes while it stands, but by those who may break the glass. What goes back by itself still does.',
      ),
      field('For how long', length),
      reason.node,
    ],
    action: 'Freeze',
    danger: true,
    send: (key, signal, session) => {
      if (sent.key !== key) sent = { key, until: endFromNow() }
      return session.call('PUT', session.path('/freeze'), {
        body: { until: sent.until, reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      })
    },
    done: () => ({ text: 'Frozen: nothing changes.' }),
  })
}

function openThaw(): void {
  const reason = createReasonField()
  const why = store.freezeReason
  openSheet<ChangeReply>({
    title: 'End the freeze?',
    body: [
      h('p', {}, 'Everybody who may change switches can do so again.'),
      why && h('p', { class: 'meta' }, 'It was frozen because: ', valueNode(why)),
      reason.node,
    ],
    action: 'End the freeze',
    send: (key, signal, session) =>
      session.call('DELETE', session.path('/freeze'), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      }),
    done: () => ({ text: 'The freeze is over.' }),
  })
}

find('freeze').addEventListener('click', openFreeze)
find('thaw').addEventListener('click', openThaw)
