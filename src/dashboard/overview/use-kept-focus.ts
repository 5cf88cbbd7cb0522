/**
 * Keeps the focus while panels move and rows go: an element that a browser moves in the page loses it. Of an element that has
 * gone, its panel gets the focus, so that the next key does not reach the switch of another stash.
 */
import { useLayoutEffect } from 'preact/hooks'

export function useKeptFocus(): void {
  const { activeElement } = document
  const panel = activeElement?.closest('.panel')
  useLayoutEffect(() => {
    if (document.activeElement !== document.body || activeElement === document.body) return
    const target = activeElement?.isConnected === true ? activeElement : panel
    if (target instanceof HTMLElement && target.isConnected) target.focus({ preventScroll: true })
  })
}
