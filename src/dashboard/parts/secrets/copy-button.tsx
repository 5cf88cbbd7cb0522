/**
 * A button that copies a text. Without access to the clipboard (plain HTTP) it selects the shown text, to be copied by hand.
 */
import { useState } from 'preact/hooks'
import type { RefObject } from 'preact'
import { announce } from '../../state/signals.ts'

type Props = { text: string; label?: string; shown?: RefObject<HTMLElement | null> }

export function CopyButton({ text, label = 'Copy', shown }: Props) {
  const [said, say] = useState(label)
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      say('Copied')
      announce('Copied')
    } catch {
      if (shown?.current) getSelection()?.selectAllChildren(shown.current)
      say('Selected: copy it by hand')
    }
  }
  return (
    <button type="button" class="secondary" onClick={copy}>
      {said}
    </button>
  )
}
