/** A stash in a list: its name, and facts about it below. */
import type { ComponentChildren } from 'preact'
import { clip } from '../text/marks.ts'
import { LinkTo } from './link-to.tsx'
import { Name } from './text.tsx'

type Named = { id: string; slug: string | null; name: string | null }
type Props = { stash: Named; facts: string[]; children?: ComponentChildren }

export const toTitle = ({ id, slug, name }: Named): string => name ?? slug ?? `${id.slice(0, 8)}…`

export function StashLink({ stash, facts, children }: Props) {
  const { id, slug } = stash
  return (
    <LinkTo to={{ page: 'stash', stash: slug ?? id, view: 'switches' }} class="known-name">
      {children}
      <span>
        <strong>
          <Name text={clip(toTitle(stash), 100)} />
        </strong>
        <span class="hint">{[slug ?? `ID ${id.slice(0, 8)}…`, ...facts].join(' · ')}</span>
      </span>
    </LinkTo>
  )
}
