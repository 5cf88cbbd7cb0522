/** The tokens of the stash: listed, made and revoked. */
import { RefusedError } from '../client/errors.ts'
import { arrange, find, h, write } from './dom.ts'
import { on } from './events.ts'
import { createReasonField, field } from './fields.ts'
import { nameNode } from './marks.ts'
import { secretNode } from './secret.ts'
import { openSheet } from './sheet.ts'
import { currentSession, isCurrent } from './store.ts'
import type { ChangeReply, Token, TokenCreated, TokenList } from './answer-types.ts'
import { brief } from './values.ts'
import { timeNode } from './words.ts'

const ABILITIES = {
  write: 'Change switches',
  approve: 'Approve what others ask for',
  guard: 'Set guards',
  freeze: 'Freeze',
  break_glass: 'Break the glass in a freeze',
  tokens: 'Make and revoke tokens',
}

export async function showTokens(): Promise<void> {
  const session = currentSession()
  const [list, note, add] = [find('tokens'), find('tokens-note'), find('new-token')]
  add.hidden = session.token === null
  if (session.token === null) {
    list.replaceChildren()
    return write(note, 'Tokens are shown to those with one that can make them.')
  }
  try {
    const { body } = await session.call<TokenList>('GET', session.path('/tokens'))
    if (!isCurrent(session)) return
    drawTokens(list, body.tokens)
    write(note, '')
  } catch (error) {
    const mayNot = error instanceof RefusedError && error.code === 'not_permitted'
    list.replaceChildren()
    add.hidden = mayNot
    write(note, mayNot ? 'Your token may not make tokens.' : 'The tokens could not be read.')
  }
}

/** Not if only `last_used_at` has moved, as it does all the time: a new row would lose the focus. */
function drawTokens(list: HTMLElement, tokens: Token[]): void {
  const text = JSON.stringify(tokens.map((token) => ({ ...token, last_used_at: token.last_used_at !== null })))
  if (list.dataset['text'] === text && list.children.length > 0) return
  list.dataset['text'] = text
  arrange(list, tokens.map(createRow))
}

function createRow(token: Token): HTMLElement {
  const { label, can, keys, master, expires_at: until, last_used_at: used } = token
  const reach = keys.includes('*') ? 'every switch' : keys.join(', ')
  const revoke = h(
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
      used === null ? 'Never used' : h('span', {}, 'Used ', timeNode(Date.parse(used), 'ago')),
      until !== null && h('span', {}, ' · ends in ', timeNode(Date.parse(until), 'in')),
    ),
    !master && h('div', { class: 'actions' }, revoke),
  )
}

function openRevoke({ token_id: id, label }: Token): void {
  const reason = createReasonField()
  openSheet<ChangeReply>({
    title: `Revoke ${brief(label)}?`,
    body: [h('p', {}, 'It stops working at once, with the links it made and the changes it scheduled.'), reason.node],
    action: 'Revoke it',
    danger: true,
    send: (key, signal, session) =>
      session.call('DELETE', session.path(`/tokens/${id}`), {
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

const LIFETIMES: [value: string, text: string][] = [
  ['', 'Never'],
  ['8h', '8 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['90d', '90 d'],
]

function openNewToken(): void {
  const label = h('input', { name: 'label', required: true, maxlength: '100', autocomplete: 'off', dir: 'auto' })
  const keys = h('input', {
    name: 'keys',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    value: '*',
  })
  const expires = h('select', { name: 'expires' }, ...LIFETIMES.map(([value, text]) => h('option', { value }, text)))
  const boxes = Object.keys(ABILITIES).map((ability) => h('input', { type: 'checkbox', name: 'can', value: ability }))
  const [write] = boxes
  if (write !== undefined) write.checked = true
  const labels = Object.values(ABILITIES).map((text, i) =>
    h('label', { class: 'check' }, boxes[i], h('span', {}, text)),
  )
  openSheet<TokenCreated>({
    title: 'Make a token',
    body: [
      field('Who or what it is for', label, 'History names it: "deploy pipeline", "Bob".'),
      h('fieldset', { class: 'checks' }, h('legend', {}, 'It may'), ...labels),
      field('For which switches', keys, 'Patterns, with commas between them: maintenance-*'),
      field('Ends after', expires),
    ],
    action: 'Make the token',
    once: true,
    send: (_, signal, session) => {
      const can = boxes.filter(({ checked }) => checked).map(({ value }) => value)
      const patterns = keys.value
        .split(',')
        .map((pattern) => pattern.trim())
        .filter((pattern) => pattern !== '')
      return session.call('POST', session.path('/tokens'), {
        body: {
          label: label.value,
          can,
          keys: patterns.length > 0 ? patterns : ['*'],
          ...(expires.value !== '' && { expires_in: expires.value }),
        },
        signal,
      })
    },
    done: ({ body }) => {
      void showTokens()
      return secretNode(
        `Token of ${brief(body.label)}`,
        body.token,
        'It is shown this once: hand it over now, by a way that is private.',
      )
    },
  })
}

const showIfInView = (): void => {
  if (document.body.dataset['view'] === 'access') void showTokens()
}
on('stale', showIfInView)
document.addEventListener('view', showIfInView)
find('new-token').addEventListener('click', openNewToken)
