/** After a refused change: reads what another person has made of it, shows it, and offers to start from it. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

type Props<Found> = {
  /** The subject and verb of the sentence: "it is", "they are". */
  what: string
  again: string
  seen: string
  read(): Promise<Found>
  show(found: Found): ComponentChildren
  /** From now on the change replaces the values that were found. */
  take(found: Found): void
}

export function Conflict<Found>({ what, again, seen, read, show, take }: Props<Found>) {
  const [found, setFound] = useState<{ value: Found } | 'reading' | 'failed'>('reading')
  const [isSeen, setSeen] = useState(false)
  const readNow = (): void => {
    setFound('reading')
    read().then(
      (value) => setFound({ value }),
      () => setFound('failed'),
    )
  }
  useEffect(readNow, [])
  if (found === 'reading') return <p>Reading what {what} now…</p>
  if (found === 'failed')
    return (
      <>
        <p>What {what} now could not be read.</p>
        <button type="button" class="secondary" onClick={readNow}>
          {again}
        </button>
      </>
    )
  return (
    <>
      {show(found.value)}
      <button
        type="button"
        class="secondary"
        disabled={isSeen}
        onClick={() => {
          take(found.value)
          setSeen(true)
        }}
      >
        {isSeen ? 'Press the button below once more' : seen}
      </button>
    </>
  )
}
