/**
 * Shows other people's texts, as text and never as markup: with marks for what cannot be seen, isolated from the text direction
 * around them, and cut if they are long.
 */
import type { ComponentChildren } from 'preact'
import { INVISIBLE_OR_BLANK } from '../../model/invisible.ts'
import { openDialog } from './dialogs.tsx'
import { now } from '../state/signals.ts'
import { ago, clock, fullTime, inFuture } from '../text/words.ts'
import { clip, toMark } from '../text/marks.ts'
import { CopyButton } from './secrets/copy-button.tsx'
import { PlainDialog } from './plain-dialog.tsx'

/** Each mark has a name that screen readers say. Lines still end where they did. */
export function Marked({ text }: { text: string }) {
  const nodes: ComponentChildren[] = []
  let from = 0
  for (const { 0: unseen, index } of text.matchAll(INVISIBLE_OR_BLANK)) {
    const [mark, name] = toMark(unseen)
    nodes.push(
      text.slice(from, index),
      <span key={index} class="mark" role="img" aria-label={name} title={name}>
        {mark}
      </span>,
    )
    from = index + unseen.length
    if (unseen === '\n' && from < text.length) nodes.push('\n')
  }
  return (
    <>
      {nodes}
      {text.slice(from)}
    </>
  )
}

/** A name that a person gave. */
export function Name({ text, kind }: { text: string; kind?: string }) {
  return (
    <bdi class={kind}>
      <Marked text={text} />
    </bdi>
  )
}

const SHOWN_CHARS = 160

type ValueProps = {
  /** null: the flag is not set */
  value: string | null
  /** Characters that are shown. */
  most?: number
  /** Whether a button offers the rest. */
  whole?: boolean
}

export function Value({ value, most = SHOWN_CHARS, whole = false }: ValueProps) {
  if (value === null) return <em class="unset">not set</em>
  if (value.length <= most)
    return (
      <bdi class="value">
        <Marked text={value} />
      </bdi>
    )
  const cut = (
    <bdi class="value">
      <Marked text={clip(value, most)} />…
    </bdi>
  )
  if (!whole) return cut
  return (
    <span class="long">
      {cut}
      <button type="button" class="quiet" onClick={() => showAll(value)}>
        Show all {value.length.toLocaleString('en')} characters
      </button>
    </span>
  )
}

function showAll(value: string): void {
  openDialog((close) => (
    <PlainDialog
      label="The whole value"
      close={close}
      isWide
      actions={
        <>
          <CopyButton text={value} label="Copy all" />
          <button type="button" class="primary" onClick={close}>
            Close
          </button>
        </>
      }
    >
      <pre class="value whole" dir="auto" tabindex={0} role="region" aria-label="The whole value">
        <Marked text={value} />
      </pre>
    </PlainDialog>
  ))
}

/** How long ago. */
export function Ago({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {ago(at, now.value)}
    </time>
  )
}

/** "in 28 min (03:12)". */
export function In({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {inFuture(at, now.value)}
    </time>
  )
}

export function At({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {clock(at)}
    </time>
  )
}
