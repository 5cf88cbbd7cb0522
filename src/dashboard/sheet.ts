/**
 * The dialog of every change. It describes the change, sends it, and stays open until its outcome is known. If the connection
 * breaks, it repeats the change under the same Idempotency-Key, and says so.
 */
import type { Reply } from '../client/call.ts'
import { RefusedError, type NoAnswerError } from '../client/errors.ts'
import { describeError } from './call.ts'
import { h, icon, withoutEmpty, write, type Child } from './dom.ts'
import { untilClosed } from './fields.ts'
import { createKey, isUnknown, sendUntilKnown } from './outcome.ts'
import { currentSession, expectRevision, store, type Session } from './store.ts'
import { toast, type ToastAction } from './toast.ts'
import type { ChangeReply } from './answer-types.ts'
import { clock, explain } from './words.ts'

export type SheetOptions<Body extends ChangeReply> = {
  title: string
  /** The content of the dialog, its fields included. */
  body: Child[]
  /** The text of the button. */
  action: string
  danger?: boolean
  /** Sends the change, in the session in which the dialog was opened. May be called again with the same Idempotency-Key. */
  send(key: string, signal: AbortSignal, session: Session): Promise<Reply<Body>>
  /** What to show after it: a toast, or a node in the dialog. */
  done(reply: Reply<Body>): { text: string; act?: ToastAction } | Node
  /** What to show below a refusal. */
  refused?(error: RefusedError): Child
  /** It cannot be repeated, because its answer holds a secret that is shown once. */
  once?: boolean
  /** Another button beside the first one. */
  beside?: HTMLButtonElement
}

export type Sheet = { dialog: HTMLDialogElement; form: HTMLFormElement; setAction(text: string): void }

export function openSheet<Body extends ChangeReply>({
  title,
  body,
  action,
  danger = false,
  send,
  done,
  refused = () => null,
  once = false,
  beside,
}: SheetOptions<Body>): Sheet {
  const opener = document.activeElement
  const session = currentSession()
  const heading = h('h2', { id: 'sheet-title' }, title)
  const submitButton = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action)
  const cancel = h('button', { type: 'button', class: 'secondary' }, 'Cancel')
  const outcome = h('div', { class: 'outcome', role: 'alert' })
  const fields = h('div', { class: 'fields' }, ...body)
  const actions = h('div', { class: 'actions' }, cancel, beside, submitButton)
  const form = h('form', { class: 'stack', novalidate: true }, heading, fields, outcome, actions)
  const dialog = h('dialog', { class: 'sheet', 'aria-labelledby': 'sheet-title' }, form)
  /** Ends the request and its repeats. */
  let sending = new AbortController()
  /** The Idempotency-Key of a change whose outcome is not known: if it is sent again, that is a retry. */
  let key = ''
  let unknownSince = 0
  const retryNow = new EventTarget()
  const retry = (): void => void retryNow.dispatchEvent(new Event('retry'))

  function show(kind: '' | 'unknown' | 'refused', ...content: Child[]): void {
    outcome.className = `outcome ${kind}`
    // On a phone it may be below the edge, or under the buttons, which stay in view.
    outcome.style.scrollMarginBottom = `${actions.offsetHeight + 8}px`
    queueMicrotask(() => outcome.scrollIntoView({ block: 'nearest' }))
    outcome.replaceChildren(...withoutEmpty(content))
  }

  const showMessage = (kind: 'unknown' | 'refused', strong: string, text: string, more: Child = null): void =>
    show(
      kind,
      icon(kind === 'refused' ? 'stop' : 'unknown'),
      h('div', {}, h('strong', {}, strong), h('p', {}, text), more),
    )

  function setBusy(isBusy: boolean): void {
    submitButton.disabled = isBusy
    fields.inert = isBusy
    if (beside !== undefined) beside.disabled = isBusy
    submitButton.classList.toggle('busy', isBusy)
    cancel.textContent = isBusy ? 'Stop' : 'Cancel'
  }

  function onUnknown(attempt: number, error: RefusedError | NoAnswerError): void {
    if (attempt === 1) unknownSince = Date.now()
    // Keeps the dialog open where others are closed (main.ts): its outcome has to be read.
    dialog.classList.add('unsettled')
    const again = h('button', { type: 'button', class: 'secondary', onclick: retry }, 'Try again now')
    const text = `${describeError(error)} It is not known whether the change was made (since ${clock(unknownSince)}). It is being repeated under the same key, so it counts once.`
    if (outcome.dataset['text'] === text) return
    outcome.dataset['text'] = text
    showMessage('unknown', 'Not known yet', text)
    outcome.append(again)
  }

  function forgetKey(): void {
    key = ''
    dialog.classList.remove('unsettled')
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (!form.reportValidity() || submitButton.disabled) return
    const { signal } = (sending = new AbortController())
    const isRetry = key !== ''
    if (!once) key ||= createKey()
    const sentKey = key
    const sendOnce = (): Promise<Reply<Body>> => send(sentKey, signal, session)
    show('')
    setBusy(true)
    try {
      const { reply, attempts } = once
        ? { reply: await sendOnce(), attempts: 1 }
        : await sendUntilKnown(sendOnce, { isRetry, signal, retryNow, onUnknown })
      forgetKey()
      if (session.stash !== store.stash) return
      const { revision } = reply.body
      if (revision !== undefined && reply.status !== 202) expectRevision(revision)
      showDone(done(reply), attempts > 1)
    } catch (error) {
      showFailure(error)
    } finally {
      setBusy(false)
    }
  }

  function showDone(said: ReturnType<typeof done>, wasRepeated: boolean): void {
    if (!(said instanceof Node)) {
      dialog.close()
      const after = wasRepeated ? ' The connection had broken: it was repeated, and counted once.' : ''
      toast(`${said.text}${after}`, said.act)
      return
    }
    fields.replaceChildren(said)
    show('')
    submitButton.remove()
    beside?.remove()
    cancel.className = 'primary'
    // After `setBusy(false)`: until then the fields take no focus, and it would set the button's text.
    queueMicrotask(() => {
      cancel.textContent = 'Done'
      const first = fields.querySelector<HTMLElement>('.secret') ?? cancel
      first.focus()
    })
  }

  function showFailure(error: unknown): void {
    delete outcome.dataset['text']
    if (isUnknown(error)) return showUnknown(error)
    if (!(error instanceof RefusedError)) throw error
    forgetKey()
    const { title: what, hint } = explain(error)
    showMessage('refused', what, hint, refused(error))
  }

  function showUnknown(error: RefusedError | NoAnswerError): void {
    // The address of the page leads to another stash by now.
    if (session.stash !== store.stash)
      return toast(`It is not known whether the change of the other stash was made (${title}).`)
    const { cause } = error
    // This token cannot find out any more what became of it.
    submitButton.hidden = cause instanceof RefusedError
    const why =
      cause instanceof RefusedError
        ? `An earlier try had no answer. The repeat was refused: ${describeError(cause)}.`
        : describeError(error)
    const hint = once
      ? 'It is not known whether it was made, and it would not be shown again. Look at the list, and end what you do not know.'
      : 'It is not known whether the change was made. Look at the switch before you do it again.'
    showMessage('unknown', 'Not known', `${why} ${hint}`)
  }

  function onEscape(event: Event): void {
    const wasAsked = dialog.classList.contains('asked')
    if (fields.querySelector('.secret') !== null && !wasAsked) {
      event.preventDefault()
      dialog.classList.add('asked')
      const text = 'It is not shown again. Press Escape once more, or Done, if you have kept it.'
      return showMessage('unknown', 'Have you kept it?', text)
    }
    if (!submitButton.disabled || !submitButton.isConnected) return
    // While the outcome is not known, Escape stops the repeats and keeps the message on the screen.
    event.preventDefault()
    sending.abort()
  }

  form.addEventListener('submit', submit)
  // With another input it is another change.
  form.addEventListener('input', () => {
    key = ''
  })
  cancel.addEventListener('click', () => {
    if (submitButton.disabled) sending.abort()
    else dialog.close()
  })
  dialog.addEventListener('cancel', onEscape)
  dialog.addEventListener('close', () => {
    sending.abort()
    dialog.remove()
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
  })
  window.addEventListener('online', retry, { signal: untilClosed(dialog) })
  document.body.append(dialog)
  dialog.showModal()
  return { dialog, form, setAction: (text) => write(submitButton, text) }
}
