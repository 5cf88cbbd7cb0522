/** A link to another place of the page. */
import type { ComponentChildren } from 'preact'
import { go, toHash, type Route } from '../state/route.ts'

type Props = {
  to: Route
  query?: Record<string, string>
  class?: string
  title?: string
  children: ComponentChildren
  'aria-current'?: 'page' | undefined
  'aria-label'?: string
  [data: `data-${string}`]: string
}

export function LinkTo({ to, query = {}, children, ...rest }: Props) {
  const follow = (event: MouseEvent): void => {
    // With one of these keys the browser opens another tab or window.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to, query)
  }
  return (
    <a {...rest} href={toHash(to, query)} onClick={follow}>
      {children}
    </a>
  )
}
