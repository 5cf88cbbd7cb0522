/** What became of a change: refused, or not known. It is scrolled into view, and screen readers say it. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

export type Outcome =
  | { kind: 'none' }
  | { kind: 'refused'; code: string; title: string; text: string; more: ComponentChildren }
  | { kind: 'unknown'; title: string; text: string; isRepeating: boolean }

/** @param retry has it sent again at once */
export function OutcomeBox({ outcome, retry }: { outcome: Outcome; retry(): void }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (outcome.kind === 'none' || box.current === null) return
    // On a phone it may be below the edge, or under the buttons, which stay in view.
    const buttons = box.current.parentElement?.querySelector<HTMLElement>('.actions:last-child')?.offsetHeight ?? 0
    box.current.style.scrollMarginBottom = `${buttons + 8}px`
    // It grows when its content has been read.
    const observer = new ResizeObserver(() => box.current?.scrollIntoView({ block: 'nearest' }))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [outcome])
  return (
    <div ref={box} class={`outcome ${outcome.kind === 'none' ? '' : outcome.kind}`} role="alert">
      {outcome.kind !== 'none' && (
        <>
          <Icon name={outcome.kind === 'refused' ? 'stop' : 'unknown'} />
          <div>
            <strong>{outcome.title}</strong>
            <p>{outcome.text}</p>
            {outcome.kind === 'refused' && (
              <a href={`/docs#${outcome.code}`} target="_blank">
                What this means
              </a>
            )}
            {outcome.kind === 'refused' && outcome.more}
          </div>
          {outcome.kind === 'unknown' && outcome.isRepeating && (
            <button type="button" class="secondary" onClick={retry}>
              Try again now
            </button>
          )}
        </>
      )}
    </div>
  )
}
