/** Who may act here: tokens, made and revoked; and the freeze. A secret is shown once, with a button to copy it. */
import { arrange, copyButton, find, h, write } from './dom.js'
import { nameNode } from './marks.js'
import { brief, valueOf } from './values.js'
import { Refused } from './call.js'
import { field, openSheet, reasonField } from './sheet.js'
import { bind, store, told } from './store.js'
import { timeOf } from './words.js'

const ABILITIES = {
  write: 'Change switches',
  approve: 'Approve what others ask for',
  guard: 'Set guards',
  freeze: 'Freeze',
  break_glass: 'Break the glass in a freeze',
  tokens: 'Make and revoke tokens',
}

/** @returns {Element} what is shown this once */
export function showSecret(/** @type {string} */ label, /** @type {string} */ secret, /** @type {string} */ hint) {
  const shown = h('code', { class: 'secret', tabindex: '0' }, secret)
  return h(
    'div',
    { class: 'once' },
    h('p', {}, hint),
    h('p', { class: 'label' }, label),
    shown,
    copyButton(() => secret, 'Copy', shown),
  )
}

export async function showTokens() {
  const list = find('tokens')
  const { token, stash, ask, under } = bind()
  find('new-token').hidden = token === null
  if (token === null) {
    list.replaceChildren()
    return write(find('tokens-note'), 'Tokens are shown to those with one that can make them.')
  }
  try {
    const { body } = await ask('GET', under('/tokens'))
    if (store.token !== token || store.stash !== stash) return
    drawTokens(body.tokens)
    write(find('tokens-note'), '')
  } catch (fault) {
    const mayNot = fault instanceof Refused && fault.code === 'not_permitted'
    list.replaceChildren()
    find('new-token').hidden = mayNot
    write(find('tokens-note'), mayNot ? 'Your token may not make tokens.' : 'The tokens could not be read.')
  }
}

/** When each was last used changes all the time: for that alone nobody's focus is taken. */
function drawTokens(/** @type {import('./shapes.d.ts').Token[]} */ tokens) {
  const list = find('tokens')
  const text = JSON.stringify(tokens.map((token) => ({ ...token, last_used_at: token.last_used_at !== null })))
  if (list.dataset['text'] === text && list.children.length > 0) return
  list.dataset['text'] = text
  arrange(list, tokens.map(makeRow))
}

function makeRow(/** @type {import('./shapes.d.ts').Token} */ token) {
  const { label, can, keys, master, expires_at: until, last_used_at: used } = token
  const reach = keys.includes('*') ? 'every switch' : keys.join(', ')
  const revoke =
    !master &&
    h(
      'button',
      { type: 'button', class: 'secondary', onclick: () => openRevoke(token) },
      'Revoke…',
      h('span', { class: 'hidden' }, ' ', brief(label)),
    )
  return h(
    'li',
    { class: 'item' },
    h('p', { class: 'token-label' }, nameNode(label), master && h('span', { class: 'kind' }, 'Master token')),
    h('p', { class: 'meta' }, master ? 'May do everything' : `${can.join(', ')} · ${reach}`),
    h(
      'p',
      { class: 'meta' },
      used === null ? 'Never used' : h('span', {}, 'Used ', timeOf(Date.parse(used), 'ago')),
      until !== null && h('span', {}, ' · ends in ', timeOf(Date.parse(until), 'in')),
    ),
    revoke && h('div', { class: 'actions' }, revoke),
  )
}

function openRevoke(/** @type {import('./shapes.d.ts').Token} */ { token_id: id, label }) {
  const reason = reasonField()
  openSheet({
    title: `Revoke ${brief(label)}?`,
    body: [h('p', {}, 'It stops working at once, with the links it made and the changes it scheduled.'), reason.node],
    action: 'Revoke it',
    danger: true,
    send: (key, signal, { ask, under }) =>
      ask('DELETE', under(`/tokens/${id}`), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      }),
    refused: () => {
      void showTokens()
      return null
    },
    done: () => {
      void showTokens()
      return { text: `${brief(label)} no longer counts.` }
    },
  })
}

function openNewToken() {
  const label = h('input', { name: 'label', required: true, maxlength: '100', autocomplete: 'off', dir: 'auto' })
  const keys = h('input', {
    name: 'keys',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    value: '*',
  })
  const expires = h(
    'select',
    { name: 'expires' },
    ...[
      ['', 'Never'],
      ['8h', '8 h'],
      ['7d', '7 d'],
      ['30d', '30 d'],
      ['90d', '90 d'],
    ].map(([value, text]) => h('option', { value }, text)),
  )
  const boxes = Object.entries(ABILITIES).map(([ability, text]) =>
    h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'can', value: ability }), h('span', {}, text)),
  )
  boxes[0].querySelector('input').checked = true
  openSheet({
    title: 'Make a token',
    body: [
      field('Who or what it is for', label, 'History names it: "deploy pipeline", "Bob".'),
      h('fieldset', { class: 'checks' }, h('legend', {}, 'It may'), ...boxes),
      field('For which switches', keys, 'Patterns, with commas between them: maintenance-*'),
      field('Ends after', expires),
    ],
    action: 'Make the token',
    once: true,
    send: (_, signal, { ask, under }) => {
      const can = boxes
        .map((box) => box.querySelector('input'))
        .filter(({ checked }) => checked)
        .map(({ value }) => value)
      const patterns = keys.value
        .split(',')
        .map((/** @type {string} */ one) => one.trim())
        .filter(Boolean)
      return ask('POST', under('/tokens'), {
        body: {
          label: label.value,
          can,
          keys: patterns.length > 0 ? patterns : ['*'],
          ...(expires.value && { expires_in: expires.value }),
        },
        signal,
      })
    },
    done: ({ body }) => {
      void showTokens()
      return showSecret(
        `Token of ${brief(body.label)}`,
        body.token,
        'It is shown this once: hand it over now, by a way that is private.',
      )
    },
  })
}

export function openFreeze() {
  const reason = reasonField()
  const until = h(
    'select',
    { name: 'until' },
    ...[
      ['3600', '1 hour'],
      ['14400', '4 hours'],
      ['43200', '12 hours'],
      ['172800', '2 days'],
      ['', 'Until somebody ends it'],
    ].map(([value, text]) => h('option', { value }, text)),
  )
  // Fixed when it is first sent: a repeat must be the same to the letter.
  let sent = { key: '', until: /** @type {string | undefined} */ (undefined) }
  openSheet({
    title: 'Freeze the stash?',
    body: [
      h(
        'p',
        {},
        'Nothing changes while it stands, but by those who may break the glass. What goes back by itself still does.',
      ),
      field('For how long', until),
      reason.node,
    ],
    action: 'Freeze',
    danger: true,
    send: (key, signal, { ask, under }) => {
      if (sent.key !== key)
        sent = {
          key,
          until: until.value === '' ? undefined : new Date(Date.now() + Number(until.value) * 1_000).toISOString(),
        }
      return ask('PUT', under('/freeze'), {
        body: { until: sent.until, reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      })
    },
    done: () => ({ text: 'Frozen: nothing changes.' }),
  })
}

export function openThaw() {
  const reason = reasonField()
  const why = store.freezeReason ?? store.facts?.freeze_reason
  openSheet({
    title: 'End the freeze?',
    body: [
      h('p', {}, 'Everybody who may change switches can do so again.'),
      why && h('p', { class: 'meta' }, 'It was frozen because: ', valueOf(why)),
      reason.node,
    ],
    action: 'End the freeze',
    send: (key, signal, { ask, under }) =>
      ask('DELETE', under('/freeze'), {
        query: { reason: reason.read() },
        headers: { 'Idempotency-Key': key },
        signal,
      }),
    done: () => ({ text: 'The freeze is over.' }),
  })
}

told.addEventListener('due', () => document.body.dataset['view'] === 'access' && void showTokens())
find('new-token').addEventListener('click', openNewToken)
find('freeze').addEventListener('click', openFreeze)
find('thaw').addEventListener('click', openThaw)
