/**
 * Opens a stash, and shows how things stand: live or not, changing or only reading. A stash's id may stand in the address; a
 * token never does: it is typed or pasted, and lives as long as this tab.
 */
import { announce, find, showView, write } from './dom.js'
import { showTokens } from './access.js'
import { showCards } from './cards.js'
import { call, Lost, Refused } from './call.js'
import { refresh } from './details.js'
import { close, giveUpToken, isFrozen, open, store, tell, told } from './store.js'
import { forgetTimeline, showTimeline } from './timeline.js'
import { showWaiting } from './waiting.js'
import { markText } from './marks.js'
import { brief } from './values.js'
import { clock, span, tick } from './words.js'

const STASH = /[0-9a-f]{64}/
const keyOf = (/** @type {string} */ stash) => `switchyard:token:${stash}`

/** A browser may keep nothing for us: then the token is in memory alone. */
const kept = {
  get: (/** @type {string} */ stash) => attempt(() => sessionStorage.getItem(keyOf(stash))) ?? null,
  set: (/** @type {string} */ stash, /** @type {string} */ token) =>
    attempt(() => sessionStorage.setItem(keyOf(stash), token)),
  remove: (/** @type {string} */ stash) => attempt(() => sessionStorage.removeItem(keyOf(stash))),
}

/** @template T @param {() => T} act */
function attempt(act) {
  try {
    return act()
  } catch {
    return undefined
  }
}

const form = find('connect')
const complaint = find('connect-error')

/** As it is, where somebody has written what decodes to nothing. */
const decoded = (/** @type {string} */ text) => attempt(() => decodeURIComponent(text)) ?? text

function begin() {
  const { hash, search } = location
  const [stash] = STASH.exec(hash) ?? []
  if (/swy_/i.test(decoded(hash) + decoded(search))) {
    // It is in the browser's history by now, and in whatever passed the link on.
    history.replaceState(null, '', location.pathname + (stash === undefined ? '' : `#${stash}`))
    warn(
      'There was a token in the address. It was not used: a token in a link is no secret any more. Revoke it, and paste another one here.',
    )
    return offer(stash ?? '')
  }
  if (stash === undefined) return offer('')
  enter(stash, kept.get(stash))
}

/** What is asked there is asked of the stash that was shown. */
function closeDialogs(selector = 'dialog') {
  for (const dialog of document.querySelectorAll(selector)) /** @type {HTMLDialogElement} */ (dialog).close()
}

function offer(/** @type {string} */ stash) {
  close()
  leave()
  find('start').before(find('warning'))
  document.body.dataset['phase'] = 'connect'
  form.elements.stash.value = stash
  find(stash === '' ? 'stash' : 'token').focus()
}

function leave() {
  // Its button acts on the stash that it was about.
  find('toast').replaceChildren()
  closeDialogs()
}

function enter(/** @type {string} */ stash, /** @type {string | null} */ token) {
  document.body.dataset['phase'] = 'open'
  // Below the head, which stays on top while the page is scrolled: elsewhere it is out of sight, or under the navigation.
  find('trouble').before(find('warning'))
  leave()
  warn('')
  forgetTimeline()
  find('filter').value = ''
  open(stash, token)
  showView('switches')
  show()
}

form.addEventListener('submit', async (/** @type {Event} */ event) => {
  event.preventDefault()
  write(complaint, '')
  const [stash] = STASH.exec(form.elements.stash.value.trim()) ?? []
  const token = form.elements.token.value.trim() || null
  if (stash === undefined)
    return complain('A stash id has 64 digits, 0-9 and a-f. A link to this page holds one, too.', 'stash')
  find('enter').disabled = true
  const objection = await examine(stash, token)
  find('enter').disabled = false
  if (objection !== null) return complain(objection.text, objection.at)
  if (token !== null) kept.set(stash, token)
  form.elements.token.value = ''
  history.replaceState(null, '', `#${stash}`)
  enter(stash, token)
})

/** Asked before anything is shown: a mistyped token must not look like one that may do nothing. */
async function examine(/** @type {string} */ stash, /** @type {string | null} */ token) {
  try {
    await (token === null
      ? call('GET', `/stash/${stash}`)
      : call('GET', `/stash/${stash}/held`, { token, query: { limit: 1 } }))
    return null
  } catch (fault) {
    if (fault instanceof Lost) return { text: `${fault.message} Try again.`, at: 'stash' }
    if (!(fault instanceof Refused)) throw fault
    if (fault.status === 404) return { text: 'There is no such stash: it never existed, or was deleted.', at: 'stash' }
    return { text: `${fault.message}. ${fault.detail}`, at: 'token' }
  }
}

function complain(/** @type {string} */ text, /** @type {string} */ at) {
  write(complaint, text)
  find(at).focus()
}

/** Stays until it is answered: it is about what the person can no longer do. */
function warn(/** @type {string} */ text) {
  find('warning').hidden = text === ''
  write(find('warning-text'), text)
}

/** Changes come in bursts: one drawing for each. */
let due = false
told.addEventListener('change', () => {
  if (due) return
  due = true
  queueMicrotask(() => {
    due = false
    show()
  })
})

function show() {
  const { facts, link, token, revision } = store
  const name = markText(facts?.name ?? 'Switches')
  write(find('name'), name)
  document.title = `${link.state === 'live' ? '' : '(!) '}${name} · Switchyard`
  document.body.classList.toggle('stale', link.state !== 'live' && revision !== -1)
  document.body.classList.toggle('over', link.state === 'missing' || link.state === 'gone')
  showLink()
  write(find('mode'), token === null ? 'Read-only' : 'Can change')
  find('use-token').hidden = token !== null
  find('forget').hidden = token === null
  find('freeze').hidden = token === null || isFrozen()
  find('frozen').hidden = !isFrozen()
  if (isFrozen() && facts !== null) write(find('frozen-text'), frozenText(facts))
  find('thaw').hidden = token === null
  showCards()
  showWaiting()
  showTimeline()
  tick()
}

/** Services from before told everybody why. */
const frozenText = (/** @type {import('./shapes.d.ts').Facts} */ { frozen_until: until, freeze_reason: told }) => {
  const reason = store.freezeReason ?? told
  return `Frozen ${until === null ? 'until somebody ends it' : `until ${clock(Date.parse(until))}`}${reason ? `: ${brief(reason, 300)}` : ''}`
}

const WORDS = { connecting: 'Connecting…', live: 'Live', lost: 'Not live', missing: 'Not found', gone: 'Deleted' }

function showLink() {
  const { state, since, behind } = store.link
  const late = state === 'live' && behind
  find('link').dataset.state = late ? 'behind' : state
  write(find('link-text'), late ? 'Behind' : WORDS[state])
  write(find('revision'), store.revision === -1 ? '' : `Revision ${store.revision}`)
  const text = trouble(state, since, late, store.detailsLostAt)
  const banner = find('trouble')
  // A moment without a connection is no news; the values look old at once all the same.
  banner.hidden = text === ''
  if (text !== '' && find('trouble-text').textContent !== text) write(find('trouble-text'), text)
}

function trouble(
  /** @type {string} */ state,
  /** @type {number} */ since,
  /** @type {boolean} */ late,
  /** @type {number | null} */ lostAt,
) {
  if (state === 'lost')
    return `No connection since ${clock(since)}${Date.now() - since > 60_000 ? ` (${span(Date.now() - since)})` : ''}. What you see is how things stood then.`
  if (state === 'missing') return 'There is no such stash: it never existed, or was deleted.'
  if (state === 'gone') return 'The stash was deleted. What you see is how things stood before.'
  if (state === 'live' && lostAt !== null)
    return `Values are live, details are behind: who, why, what waits and the freeze could not be read since ${clock(lostAt)}.`
  return late ? 'The service has newer values than it has told here. They should come in a moment.' : ''
}

told.addEventListener('revoked', (event) => {
  const why = /** @type {CustomEvent} */ (event).detail
  kept.remove(store.stash)
  forgetTimeline()
  closeDialogs('dialog:not(.unsettled)')
  warn(`${why} The page is read-only now.`)
  void showTokens()
})

find('use-token').addEventListener('click', () => offer(store.stash))
find('warning-close').addEventListener('click', () => warn(''))
find('forget').addEventListener('click', () => {
  giveUpToken('The token was forgotten here.')
  announce('The token was forgotten. The page is read-only now.')
})
find('other').addEventListener('click', () => {
  history.replaceState(null, '', location.pathname)
  offer('')
})
find('filter').addEventListener('input', showCards)
find('retry').addEventListener('click', () => {
  if (store.link.state === 'live') void refresh()
  else window.dispatchEvent(new Event('online'))
})
for (const button of document.querySelectorAll('nav [data-view]')) {
  button.addEventListener('click', () => showView(/** @type {HTMLElement} */ (button).dataset['view'] ?? 'switches'))
}
document.addEventListener('view', () => document.body.dataset['view'] === 'access' && void showTokens())
window.addEventListener('hashchange', begin)
document.addEventListener(
  'visibilitychange',
  () => document.visibilityState === 'visible' && store.link.state === 'live' && tell('due'),
)
setInterval(() => {
  tick()
  showLink()
}, 1_000)
begin()
