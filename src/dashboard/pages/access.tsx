/** Who I am for this stash, who else has access, and what concerns the stash itself. */
import type { Stash } from '../state/stash.ts'
import { About } from './access/about.tsx'
import { People } from './access/people.tsx'
import { useTokens } from './access/token-list.ts'
import { You } from './access/you.tsx'

export function AccessPage({ stash }: { stash: Stash }) {
  void stash.changed.value
  const tokens = useTokens(stash)
  return (
    <div id="access" class="view">
      <You stash={stash} tokens={tokens.list ?? []} changed={tokens.reload} />
      <People stash={stash} tokens={tokens} />
      <About stash={stash} changed={tokens.reload} />
    </div>
  )
}
