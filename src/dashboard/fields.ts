/** Form fields that several dialogs share. */
import { h } from './dom.ts'
import { on } from './events.ts'
import { isFrozen } from './store.ts'

/** A control with its label, and a hint that screen readers connect with it. Its id is made from its name. */
export function field(
  label: string,
  control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement,
  hint?: string,
): HTMLElement {
  control.id ||= `field-${control.name}`
  const text = hint === undefined ? null : h('p', { class: 'hint', id: `${control.id}-hint` }, hint)
  if (text !== null) control.setAttribute('aria-describedby', text.id)
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, text)
}

export type ReasonField = { node: HTMLElement; read(): string | undefined; demand(): void }

export function createReasonField(isRequired = false): ReasonField {
  const input = h('input', { name: 'reason', maxlength: '500', autocomplete: 'off', dir: 'auto', required: isRequired })
  return {
    node: field(isRequired ? 'Why' : 'Why (recommended)', input),
    read: () => input.value || undefined,
    demand: () => {
      input.required = true
    },
  }
}

export type GlassField = { node: HTMLElement; show(): void; hide(): void; read(): string | undefined }

/** For breaking the glass: shown while the stash is frozen, and after the service has said that it is. */
export function createGlassField(): GlassField {
  const input = h('input', { name: 'glass', maxlength: '500', autocomplete: 'off', dir: 'auto' })
  const node = field(
    'Break the glass, because',
    input,
    'A freeze stops this change. With a reason, a token that may goes through all the same; it is recorded.',
  )
  node.classList.add('glass')
  const setShown = (isShown: boolean): void => {
    node.hidden = !isShown
    input.required = isShown
  }
  setShown(isFrozen())
  return {
    node,
    show: () => setShown(true),
    hide: () => setShown(false),
    read: () => (node.hidden ? undefined : input.value),
  }
}

/** Hides the field when the freeze ends while the dialog is open. */
export function hideAfterFreeze(dialog: HTMLDialogElement, glass: GlassField): void {
  let wasFrozen = isFrozen()
  const check = (): void => {
    if (wasFrozen && !isFrozen()) glass.hide()
    wasFrozen = isFrozen()
  }
  on('change', check, untilClosed(dialog))
}

/** A signal that is aborted when the dialog closes. */
export function untilClosed(dialog: HTMLDialogElement): AbortSignal {
  const closed = new AbortController()
  dialog.addEventListener('close', () => closed.abort(), { once: true })
  return closed.signal
}
