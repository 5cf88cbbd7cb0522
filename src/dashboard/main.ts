/**
 * The dashboard. Opens a stash, and draws the page when something has changed. The id of the stash may be in the address; a
 * token never is: it is typed or pasted, and kept until the tab is closed.
 */
import { NoAnswerError, RefusedError } from '../client/errors.ts'
import { API } from './api.ts'
import { callApi, describeError } from './call.ts'
import { showCards } from './cards.ts'
import { refresh } from './details.ts'
import { announce, find, navigationButtons, showView, write } from './dom.ts'
import { emit, on } from './events.ts'
import './freeze.ts'
import { markText } from './marks.ts'
import { showStatus } from './status.ts'
import { closeStash, giveUpToken, isFrozen, openStash, store } from './store.ts'
import { clearTimeline, showTimeline } from './timeline.ts'
import { loadToken, removeToken, saveToken } from './token-storage.ts'
import { showTokens } from './tokens.ts'
import type { StashFacts } from './answer-types.ts'
import { brief } from './values.ts'
import { showWaiting } from './waiting.ts'
import { clock, updateTimes } from './words.ts'

const STASH = /[0-9a-f]{64}/

const stashInput = find('stash', HTMLInputElement)
const tokenInput = find('token', HTMLInputElement)
const enterButton = find('enter', HTMLButtonElement)
const connectError = find('connect-error')

/** The text itself if it is not percent-encoded UTF-8. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Opens what the address names. */
function openFromAddress(): void {
  const { hash, search } = location
  const [stash] = STASH.exec(hash) ?? []
  if (/swy_/i.test(decode(hash) + decode(search))) {
    // It is in the browser's history by now, and wherever the link was sent through.
    history.replaceState(null, '', location.pathname + (stash === undefined ? '' : `#${stash}`))
    warn(
      'There was a token in the address. It was not used: a token in a link is no secret any more. Revoke it, and paste another one here.',
    )
    return showConnect(stash ?? '')
  }
  if (stash === undefined) return showConnect('')
  enter(stash, loadToken(stash))
}

function closeDialogs(selector = 'dialog'): void {
  for (const dialog of document.querySelectorAll<HTMLDialogElement>(selector)) dialog.close()
}

function showConnect(stash: string): void {
  closeStash()
  leave()
  find('start').before(find('warning'))
  document.body.dataset['phase'] = 'connect'
  stashInput.value = stash
  const input = stash === '' ? stashInput : tokenInput
  input.focus()
}

/** Dialogs and the toast act on the stash that was shown: they go before another one is. */
function leave(): void {
  find('toast').replaceChildren()
  closeDialogs()
}

function enter(stash: string, token: string | null): void {
  document.body.dataset['phase'] = 'open'
  // Into the head, which stays in view while the page is scrolled.
  find('trouble').before(find('warning'))
  leave()
  warn('')
  clearTimeline()
  find('filter', HTMLInputElement).value = ''
  openStash(stash, token)
  showView('switches')
  show()
}

find('connect').addEventListener('submit', async (event) => {
  event.preventDefault()
  write(connectError, '')
  const [stash] = STASH.exec(stashInput.value.trim()) ?? []
  const token = tokenInput.value.trim() || null
  if (stash === undefined) {
    return complain('A stash id has 64 digits, 0-9 and a-f. A link to this page holds one, too.', stashInput)
  }
  enterButton.disabled = true
  const objection = await findObjection(stash, token)
  enterButton.disabled = false
  if (objection !== null) return complain(objection.text, objection.input)
  if (token !== null) saveToken(stash, token)
  tokenInput.value = ''
  history.replaceState(null, '', `#${stash}`)
  enter(stash, token)
})

type Objection = { text: string; input: HTMLInputElement }

/** Tries the token before anything is shown: a mistyped one must not look like one that may do nothing. */
async function findObjection(stash: string, token: string | null): Promise<Objection | null> {
  try {
    await (token === null
      ? callApi(API, 'GET', `/stash/${stash}`)
      : callApi({ ...API, token }, 'GET', `/stash/${stash}/held`, { query: { limit: 1 } }))
    return null
  } catch (error) {
    if (error instanceof NoAnswerError) return { text: `${error.message} Try again.`, input: stashInput }
    if (!(error instanceof RefusedError)) throw error
    if (error.status === 404)
      return { text: 'There is no such stash: it never existed, or was deleted.', input: stashInput }
    return { text: `${describeError(error)}. ${error.detail}`, input: tokenInput }
  }
}

function complain(text: string, input: HTMLInputElement): void {
  write(connectError, text)
  input.focus()
}

/** Stays until it is dismissed: it is about what the person can no longer do. */
function warn(text: string): void {
  find('warning').hidden = text === ''
  write(find('warning-text'), text)
}

/** Changes come in bursts, which are drawn together. */
let isDrawingDue = false
on('change', () => {
  if (isDrawingDue) return
  isDrawingDue = true
  queueMicrotask(() => {
    isDrawingDue = false
    show()
  })
})

function show(): void {
  const { facts, link, token, revision } = store
  const name = markText(facts?.name ?? 'Switches')
  write(find('name'), name)
  document.title = `${link.state === 'live' ? '' : '(!) '}${name} · Switchyard`
  document.body.classList.toggle('stale', link.state !== 'live' && revision !== -1)
  document.body.classList.toggle('over', link.state === 'missing' || link.state === 'gone')
  showStatus()
  write(find('mode'), token === null ? 'Read-only' : 'Can change')
  find('use-token').hidden = token !== null
  find('forget').hidden = token === null
  find('freeze').hidden = token === null || isFrozen()
  find('frozen').hidden = !isFrozen()
  if (isFrozen() && facts !== null) write(find('frozen-text'), describeFreeze(facts))
  find('thaw').hidden = token === null
  showCards()
  showWaiting()
  showTimeline()
  updateTimes()
}

function describeFreeze({ frozen_until: until }: StashFacts): string {
  const reason = store.freezeReason
  const end = until === null ? 'until somebody ends it' : `until ${clock(Date.parse(until))}`
  return `Frozen ${end}${reason ? `: ${brief(reason, 300)}` : ''}`
}

on('revoked', (why) => {
  removeToken(store.stash)
  clearTimeline()
  closeDialogs('dialog:not(.unsettled)')
  warn(`${why} The page is read-only now.`)
  void showTokens()
})

find('use-token').addEventListener('click', () => showConnect(store.stash))
find('warning-close').addEventListener('click', () => warn(''))
find('forget').addEventListener('click', () => {
  giveUpToken('The token was forgotten here.')
  announce('The token was forgotten. The page is read-only now.')
})
find('other').addEventListener('click', () => {
  history.replaceState(null, '', location.pathname)
  showConnect('')
})
find('filter').addEventListener('input', showCards)
find('retry').addEventListener('click', () => {
  if (store.link.state === 'live') void refresh()
  else window.dispatchEvent(new Event('online'))
})
for (const button of navigationButtons()) {
  button.addEventListener('click', () => showView(button.dataset['view'] ?? 'switches'))
}
window.addEventListener('hashchange', openFromAddress)
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && store.link.state === 'live') emit('stale', null)
})
setInterval(() => {
  updateTimes()
  showStatus()
}, 1_000)
openFromAddress()
