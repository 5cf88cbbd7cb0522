/**
 * The dialog behind every change: what is about to happen, what it takes, and what became of it. It stays open until that is
 * known; where the connection breaks it repeats under the same key, and says so.
 */
import { announce, find, h, icon, write } from './dom.js'
import { insist, Lost, newKey, Refused } from './call.js'
import { bind, expect, isFrozen, store, told } from './store.js'
import { clock, explain } from './words.js'

/**
 * @typedef {object} Sheet
 * @property {string} title
 * @property {import('./dom.js').Child[]} body what is shown, fields among it
 * @property {string} action the button
 * @property {boolean} [danger]
 * @property {(key: string, signal: AbortSignal, bound: import('./store.js').Bound) => Promise<any>} send what the button does, to be repeated under this Idempotency-Key, at the stash and with the token that it was opened with
 * @property {(answer: any) => { text: string, act?: { label: string, run(): void } } | Node | null} done what to say then; a node is shown in the dialog
 * @property {(refused: Refused) => import('./dom.js').Child} [refused] what else to show of a refusal
 * @property {boolean} [once] cannot be repeated: its answer holds a secret that is shown once
 * @property {Element} [beside] another button
 */

/** @param {Sheet} sheet */
export function openSheet({
  title,
  body,
  action,
  danger = false,
  send,
  done,
  refused = () => null,
  once = false,
  beside,
}) {
  const opener = document.activeElement
  const bound = bind()
  const heading = h('h2', { id: 'sheet-title' }, title)
  const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action)
  const cancel = h('button', { type: 'button', class: 'secondary' }, 'Cancel')
  const outcome = h('div', { class: 'outcome', role: 'alert' })
  const fields = h('div', { class: 'fields' }, ...body)
  const actions = h('div', { class: 'actions' }, cancel, beside, go)
  const form = h('form', { class: 'stack', novalidate: true }, heading, fields, outcome, actions)
  const dialog = h('dialog', { class: 'sheet', 'aria-labelledby': 'sheet-title' }, form)
  let gone = new AbortController()
  /** Of a try whose outcome is not known: pressed again, the same change is its repeat. */
  let key = ''
  const nudge = new EventTarget()
  const since = { at: 0 }

  const show = (/** @type {string} */ kind, /** @type {import('./dom.js').Child[]} */ ...content) => {
    outcome.className = `outcome ${kind}`
    // On a phone it may be below the edge, or under the buttons that stay there.
    outcome.style.scrollMarginBottom = `${actions.offsetHeight + 8}px`
    queueMicrotask(() => outcome.scrollIntoView({ block: 'nearest' }))
    outcome.replaceChildren(...content.filter((child) => child !== null && child !== undefined && child !== false))
  }
  const busy = (/** @type {boolean} */ is) => {
    go.disabled = is
    fields.inert = is
    if (beside) /** @type {HTMLButtonElement} */ (beside).disabled = is
    go.classList.toggle('busy', is)
    cancel.textContent = is ? 'Stop' : 'Cancel'
  }
  const lost = (/** @type {number} */ tries, /** @type {string} */ why) => {
    if (tries === 1) since.at = Date.now()
    // Whatever closes the others: this one has something to say.
    dialog.classList.add('unsettled')
    const retry = h(
      'button',
      { type: 'button', class: 'secondary', onclick: () => nudge.dispatchEvent(new Event('again')) },
      'Try again now',
    )
    const text = `${why} It is not known whether the change was made (since ${clock(since.at)}). It is being repeated under the same key, so it counts once.`
    if (outcome.dataset['text'] === text) return
    outcome.dataset['text'] = text
    show('unknown', icon('unknown'), h('div', {}, h('strong', {}, 'Not known yet'), h('p', {}, text)), retry)
  }

  const keyToUse = () => (key ||= newKey())
  const settled = () => {
    key = ''
    dialog.classList.remove('unsettled')
  }

  async function submit(/** @type {Event} */ event) {
    event.preventDefault()
    if (!form.reportValidity() || go.disabled) return
    gone = new AbortController()
    const doubtful = key !== ''
    show('')
    busy(true)
    try {
      const sendOnce = async () => ({ answer: await send('', gone.signal, bound), tries: 1 })
      const { answer, tries } = await (once
        ? sendOnce()
        : insist((one) => send(one, gone.signal, bound), {
            key: keyToUse(),
            doubtful,
            signal: gone.signal,
            lost,
            nudge,
          }))
      settled()
      if (bound.stash !== store.stash) return
      if (typeof answer?.body?.revision === 'number' && answer.status !== 202) expect(answer.body.revision)
      settle(done(answer), tries)
    } catch (fault) {
      fail(fault)
    } finally {
      busy(false)
    }
  }

  function settle(/** @type {ReturnType<Sheet['done']>} */ said, /** @type {number} */ tries) {
    if (said instanceof Node) {
      fields.replaceChildren(said)
      show('')
      go.remove()
      beside?.remove()
      cancel.textContent = 'Done'
      cancel.className = 'primary'
      // Not before it is no longer busy: until then the fields take no focus.
      return queueMicrotask(() => {
        cancel.textContent = 'Done'
        const first = fields.querySelector('.secret') ?? cancel
        first.focus()
      })
    }
    dialog.close()
    if (said === null) return
    const after = tries > 1 ? ' The connection had broken: it was repeated, and counted once.' : ''
    toast(`${said.text}${after}`, said.act)
  }

  function fail(/** @type {unknown} */ fault) {
    delete outcome.dataset['text']
    if (fault instanceof Lost) {
      // The address has led elsewhere.
      if (bound.stash !== store.stash)
        return toast(`It is not known whether the change of the other stash was made (${title}).`)
      // With this token it cannot be found out.
      go.hidden = fault.cause instanceof Refused
      const hint = once
        ? 'It is not known whether it was made, and it would not be shown again. Look at the list, and end what you do not know.'
        : 'It is not known whether the change was made. Look at the switch before you do it again.'
      return show(
        'unknown',
        icon('unknown'),
        h('div', {}, h('strong', {}, 'Not known'), h('p', {}, `${fault.message} ${hint}`)),
      )
    }
    if (!(fault instanceof Refused)) throw fault
    settled()
    const { title: what, hint } = explain(fault)
    show('refused', icon('stop'), h('div', {}, h('strong', {}, what), h('p', {}, hint), refused(fault)))
  }

  form.addEventListener('submit', submit)
  // Another change than the one that is not known.
  form.addEventListener('input', () => (key = ''))
  cancel.addEventListener('click', () => {
    if (go.disabled) gone.abort()
    else dialog.close()
  })
  // Escape, while nobody knows: stops the repeating, and keeps what it says on the screen.
  dialog.addEventListener('cancel', (/** @type {Event} */ event) => {
    const isAsked = dialog.classList.contains('asked')
    if (fields.querySelector('.secret') !== null && !isAsked) {
      event.preventDefault()
      dialog.classList.add('asked')
      const text = 'It is not shown again. Press Escape once more, or Done, if you have kept it.'
      return show('unknown', icon('unknown'), h('div', {}, h('strong', {}, 'Have you kept it?'), h('p', {}, text)))
    }
    if (!go.disabled || !go.isConnected) return
    event.preventDefault()
    gone.abort()
  })
  dialog.addEventListener('close', () => {
    gone.abort()
    dialog.remove()
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
  })
  document.body.append(dialog)
  dialog.showModal()
  return { dialog, form, go, setAction: (/** @type {string} */ text) => write(go, text) }
}

/** @param {string} label @param {any} control @param {string} [hint] */
export function field(label, control, hint) {
  const id = control.id || (control.id = `field-${control.name}`)
  const text = hint === undefined ? null : h('p', { class: 'hint', id: `${id}-hint` }, hint)
  if (text !== null) control.setAttribute('aria-describedby', `${id}-hint`)
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, text)
}

export const reasonField = (required = false) => {
  const input = h('input', { name: 'reason', maxlength: '500', autocomplete: 'off', dir: 'auto', required })
  const demand = () => {
    input.required = true
  }
  return { node: field(required ? 'Why' : 'Why (recommended)', input), read: () => input.value || undefined, demand }
}

/** Told of it for as long as the dialog is open. */
export function whileOpen(
  /** @type {Element} */ dialog,
  /** @type {string} */ name,
  /** @type {(event: Event) => void} */ listener,
) {
  const over = new AbortController()
  told.addEventListener(name, listener, { signal: over.signal })
  dialog.addEventListener('close', () => over.abort())
}

/** Asked for while the stash is frozen, and where the service says that it is. */
export function glassField() {
  const input = h('input', { name: 'glass', maxlength: '500', autocomplete: 'off', dir: 'auto' })
  const node = field(
    'Break the glass, because',
    input,
    'The stash is frozen. With a reason, a token that may goes through all the same; it is recorded.',
  )
  node.classList.add('glass')
  const show = () => {
    node.hidden = false
    input.required = true
  }
  const hide = () => {
    node.hidden = true
    input.required = false
  }
  hide()
  if (isFrozen()) show()
  return { node, show, hide, read: () => (node.hidden ? undefined : input.value) }
}

/** When the freeze ends, nobody has to break anything any more. */
export function heedThaw(/** @type {Element} */ dialog, /** @type {ReturnType<typeof glassField>} */ glass) {
  let frozen = isFrozen()
  whileOpen(dialog, 'change', () => {
    if (frozen && !isFrozen()) glass.hide()
    frozen = isFrozen()
  })
}

/** Stays for a while, and longer than one can read it: what it offers is in History, too. */
const TOAST_MS = 12_000
let fading = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined)

export function toast(
  /** @type {string} */ text,
  /** @type {{ label: string, run(): void } | undefined} */ act = undefined,
) {
  const box = find('toast')
  const hide = () => box.replaceChildren()
  const close = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss', onclick: hide }, '✕')
  const button = act && h('button', { type: 'button', class: 'quiet', onclick: () => (hide(), act.run()) }, act.label)
  box.replaceChildren(h('p', {}, text), h('div', { class: 'toast-actions' }, button, close))
  announce(text)
  clearTimeout(fading)
  fading = setTimeout(hide, TOAST_MS)
}
