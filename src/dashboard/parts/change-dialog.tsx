/**
 * The dialog of every change. It describes the change, asks the service by a dry run what would happen, sends it, and stays
 * open until its outcome is known. If the connection breaks, it repeats the change under the same Idempotency-Key, and says
 * so.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Reply } from '../../client/requests/call.ts'
import { RefusedError, type NoAnswerError } from '../../client/requests/errors.ts'
import { describeError } from '../api/call.ts'
import { createKey, isUnknown, sendUntilKnown } from '../api/outcome.ts'
import type { ChangeReply, DryRun } from '../api/answer-types.ts'
import { serviceNow } from '../api/service-time.ts'
import { findKnown } from '../state/browser/known-stashes.ts'
import { onLeave } from '../state/route.ts'
import { notify, type NoticeAction } from '../state/signals.ts'
import type { Session } from '../state/session.ts'
import type { Stash } from '../state/stash.ts'
import { tokenEnds } from '../state/stashes.ts'
import { clock, explain } from '../text/words.ts'
import { isFilledIn } from './fields/is-filled-in.ts'
import { DryRunResult } from './changes/dry-run-result.tsx'
import { OutcomeBox, type Outcome } from './outcome-box.tsx'

type ChangeDialogProps<Body extends ChangeReply> = {
  stash: Stash
  title: string
  /** The fields. */
  children: ComponentChildren
  /** The text of the button. */
  action: string
  isDangerous?: boolean
  /** Sends the change, in the session in which the dialog was opened. May be called again with the same Idempotency-Key. */
  send(key: string, signal: AbortSignal, session: Session): Promise<Reply<Body>>
  /** What to show after it: a notice, or a content of the dialog, which then stays open. */
  done(reply: Reply<Body>): { text: string; action?: NoticeAction } | { content: ComponentChildren }
  /** Asks what the change would do. Called again when a field has changed. */
  ask?(signal: AbortSignal, session: Session): Promise<Reply<DryRun>>
  /** Called with each answer to it; null: it was refused, or not answered. */
  onAsked?(result: DryRun | null, error: unknown): void
  /** What to show below a refusal. */
  refused?(error: RefusedError): ComponentChildren
  /** It cannot be repeated, because its answer holds a secret that is shown once. */
  once?: boolean
  /** The text of the button that closes it and does nothing. */
  dismiss?: string
  /** Another button beside the first one. */
  beside?: ComponentChildren
  /** The fields show what changes. Of the dry run only what they do not show is shown. */
  hidesChanges?: boolean
  /** When it is another one than before, the dry run is asked for again. */
  askAgain?: number | string
  close(): void
}

const NONE: Outcome = { kind: 'none' }
const ASK_AFTER_MS = 250

export function ChangeDialog<Body extends ChangeReply>(props: ChangeDialogProps<Body>) {
  const {
    stash,
    title,
    children,
    action,
    isDangerous = false,
    once = false,
    beside,
    dismiss = 'Cancel',
    close,
    hidesChanges = false,
  } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const form = useRef<HTMLFormElement>(null)
  const [outcome, setOutcome] = useState<Outcome>(NONE)
  const [isBusy, setBusy] = useState(false)
  const [content, setContent] = useState<ComponentChildren>(null)
  const [isFinal, setFinal] = useState(false)
  const [dryRun, setDryRun] = useState<{ result: DryRun } | { error: RefusedError } | null>(null)
  const latest = useRef(props)
  latest.current = props
  /** What outlives a drawing of the dialog. */
  const own = useRef({
    session: stash.session(),
    sending: new AbortController(),
    asking: new AbortController(),
    askTimer: undefined as ReturnType<typeof setTimeout> | undefined,
    /** The Idempotency-Key of a change whose outcome is not known: if it is sent again, that is a retry. */
    key: '',
    unknownSince: 0,
    retryNow: new EventTarget(),
    wasAskedToKeep: false,
    isUnsettled: false,
    isClosed: false,
  }).current
  const retry = (): void => void own.retryNow.dispatchEvent(new Event('retry'))

  // Before it is painted: an effect would wait for a frame, which a page in the background does not get.
  useLayoutEffect(() => {
    dialog.current?.showModal()
    const ends = [
      onLeave(() => dialog.current?.close()),
      tokenEnds.subscribe(() => {
        if (!own.isUnsettled && own.session.token !== stash.token) dialog.current?.close()
      }),
    ]
    window.addEventListener('online', retry)
    return () => {
      for (const end of ends) end()
      window.removeEventListener('online', retry)
      clearTimeout(own.askTimer)
      own.asking.abort()
      own.sending.abort()
    }
  }, [])

  void stash.changed.value
  // What the service said holds for the revision of then.
  const asked = `${stash.content.revision} ${stash.isOver()} ${props.askAgain}`
  useEffect(() => void (isBusy || content !== null || askSoon(0)), [asked])

  useEffect(() => {
    if (content === null) return
    const secret = dialog.current?.querySelector<HTMLElement>('.secret, .actions .primary')
    secret?.focus()
  }, [content])

  function askSoon(afterMs = ASK_AFTER_MS): void {
    clearTimeout(own.askTimer)
    own.asking.abort()
    if (latest.current.ask === undefined) return
    own.askTimer = setTimeout(() => void askNow(), afterMs)
  }

  async function askNow(): Promise<void> {
    const { ask, onAsked } = latest.current
    if (ask === undefined || form.current === null || !isFilledIn(form.current)) return setDryRun(null)
    const { signal } = (own.asking = new AbortController())
    try {
      const { body } = await ask(signal, own.session)
      if (signal.aborted) return
      setDryRun(body.dry_run ? { result: body } : null)
      onAsked?.(body, null)
    } catch (error) {
      if (signal.aborted) return
      setDryRun(error instanceof RefusedError ? { error } : null)
      onAsked?.(null, error)
    }
  }

  function onUnknown(attempt: number, error: RefusedError | NoAnswerError): void {
    if (attempt === 1) own.unknownSince = serviceNow()
    own.isUnsettled = true
    const text = `${describeError(error)} It is not known whether the change was made (since ${clock(own.unknownSince)}). It is being repeated under the same key, so it counts once.`
    setOutcome({ kind: 'unknown', title: 'Not known yet', text, isRepeating: true })
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (isBusy || isFinal || !form.current?.reportValidity()) return
    const { signal } = (own.sending = new AbortController())
    const isRetry = own.key !== ''
    if (!once) own.key ||= createKey()
    const sentKey = own.key
    const sendOnce = (): Promise<Reply<Body>> => latest.current.send(sentKey, signal, own.session)
    own.asking.abort()
    setOutcome(NONE)
    setBusy(true)
    try {
      const { reply, attempts } = once
        ? { reply: await sendOnce(), attempts: 1 }
        : await sendUntilKnown(sendOnce, { isRetry, signal, retryNow: own.retryNow, onUnknown })
      forgetKey()
      if (own.isClosed) return
      const { revision } = reply.body
      if (revision !== undefined && reply.status !== 202) stash.expectRevision(revision)
      showDone(reply, attempts > 1)
    } catch (error) {
      showFailure(error)
    } finally {
      setBusy(false)
    }
  }

  function forgetKey(): void {
    own.key = ''
    own.isUnsettled = false
  }

  function showDone(reply: Reply<Body>, wasRepeated: boolean): void {
    const said = latest.current.done(reply)
    if ('content' in said) {
      setOutcome(NONE)
      return setContent(said.content)
    }
    dialog.current?.close()
    const after = wasRepeated ? ' The connection had broken: it was repeated, and counted once.' : ''
    notify(`${said.text}${after}`, said.action)
  }

  function showFailure(error: unknown): void {
    if (isUnknown(error)) return showUnknown(error)
    if (!(error instanceof RefusedError)) throw error
    forgetKey()
    const { title: what, hint } = explain(error)
    const more = latest.current.refused?.(error) ?? null
    setOutcome({ kind: 'refused', code: error.code, title: what, text: hint, more })
  }

  function showUnknown(error: RefusedError | NoAnswerError): void {
    if (own.isClosed) return notify(`It is not known whether the change of ${stash.name()} was made (${title}).`)
    own.isUnsettled = true
    const { cause } = error
    // This token cannot find out any more what became of it.
    setFinal(cause instanceof RefusedError)
    const why =
      cause instanceof RefusedError
        ? `An earlier try had no answer. The repeat was refused: ${describeError(cause)}.`
        : describeError(error)
    const hint = once
      ? 'It is not known whether it was made, and it would not be shown again. Look at the list, and end what you do not know.'
      : 'It is not known whether the change was made. Look at the switch before you do it again.'
    setOutcome({ kind: 'unknown', title: 'Not known', text: `${why} ${hint}`, isRepeating: false })
  }

  function onCancel(event: Event): void {
    const isSecret = dialog.current?.querySelector('.secret') !== null && content !== null
    if (isSecret && !own.wasAskedToKeep) {
      event.preventDefault()
      own.wasAskedToKeep = true
      const text = 'It is not shown again. Press Escape once more, or Done, if you have kept it.'
      return setOutcome({ kind: 'unknown', title: 'Have you kept it?', text, isRepeating: false })
    }
    if (!isBusy) return
    // While the outcome is not known, Escape stops the repeats and keeps the message on the screen.
    event.preventDefault()
    own.sending.abort()
  }

  function onInput(): void {
    // With another input it is another change.
    own.key = ''
    askSoon()
  }

  const isDone = content !== null
  /** A button that would be refused does not invite. */
  const isRefusable = dryRun !== null && 'error' in dryRun && outcome.kind === 'none'
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="sheet-title"
      onCancel={onCancel}
      onClose={() => {
        own.isClosed = true
        own.sending.abort()
        close()
      }}
    >
      <form ref={form} class="stack" noValidate onSubmit={submit} onInput={onInput}>
        <h2 id="sheet-title">{title}</h2>
        <p class="sheet-stash" data-colour={findKnown(stash.id)?.colour ?? 'grey'}>
          <span class="swatch" aria-hidden="true" />
          {stash.name()}
        </p>
        <div class="fields" inert={isBusy}>
          {isDone ? content : children}
        </div>
        <OutcomeBox outcome={outcome} retry={retry} />
        <div class="actions">
          {!isDone && dryRun !== null && outcome.kind === 'none' && (
            <DryRunResult dryRun={dryRun} hidesChanges={hidesChanges} />
          )}
          <button
            type="button"
            class={isDone ? 'primary' : 'secondary'}
            onClick={() => (isBusy ? own.sending.abort() : dialog.current?.close())}
          >
            {isDone ? 'Done' : isBusy ? 'Stop' : dismiss}
          </button>
          {!isDone && beside}
          {!isDone && !isFinal && (
            <button
              type="submit"
              class={`${isDangerous ? 'danger' : isRefusable ? 'secondary' : 'primary'}${isBusy ? ' busy' : ''}`}
              disabled={isBusy}
            >
              {action}
            </button>
          )}
        </div>
      </form>
    </dialog>
  )
}
