/** Shows the state of the connection: live or not, since when, and whether the page is behind. */
import { find, write } from './dom.ts'
import { store } from './store.ts'
import { clock, span } from './words.ts'

const WORDS = { connecting: 'Connecting…', live: 'Live', lost: 'Not live', missing: 'Not found', gone: 'Deleted' }

export function showStatus(): void {
  const { state, behind } = store.link
  const isBehind = state === 'live' && behind
  find('link').dataset['state'] = isBehind ? 'behind' : state
  write(find('link-text'), isBehind ? 'Behind' : WORDS[state])
  write(find('revision'), store.revision === -1 ? '' : `Revision ${store.revision}`)
  const text = describeTrouble(isBehind)
  // The first moments of a reconnect have no text. The values look old at once all the same (`stale` in main.ts).
  find('trouble').hidden = text === ''
  if (text !== '') write(find('trouble-text'), text)
}

function describeTrouble(isBehind: boolean): string {
  const { detailsLostAt } = store
  const { state, since } = store.link
  if (state === 'lost') {
    const lostMs = Date.now() - since
    return `No connection since ${clock(since)}${lostMs > 60_000 ? ` (${span(lostMs)})` : ''}. What you see is how things stood then.`
  }
  if (state === 'missing') return 'There is no such stash: it never existed, or was deleted.'
  if (state === 'gone') return 'The stash was deleted. What you see is how things stood before.'
  if (state === 'live' && detailsLostAt !== null)
    return `Values are live, details are behind: who, why, what waits and the freeze could not be read since ${clock(detailsLostAt)}.`
  return isBehind ? 'The service has newer values than it has told here. They should come in a moment.' : ''
}
