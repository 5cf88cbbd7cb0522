/**
 * The dashboard. A token is never part of an address: it is typed or pasted, and kept until the tab is closed, or on this
 * device.
 */
import { render } from 'preact'
import { App } from './app.tsx'
import { loadLater } from './parts/later.tsx'
import { parseAddress, replace } from './state/route.ts'
import { warning } from './state/signals.ts'
import { whenRead } from './state/stashes.ts'

/** The text itself if it is not percent-encoded UTF-8. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A token in the address is in the browser's history by now, and wherever the link was sent through. */
function removeTokenFromAddress(): void {
  const { hash, search } = location
  if (!/swy_/i.test(decode(hash) + decode(search))) return
  const { route } = parseAddress(hash.replace(/swy_.*$/is, ''))
  replace(route)
  warning.value =
    'There was a token in the address. It was not used: a token in a link is no secret any more. Revoke it, and paste another one here.'
}

removeTokenFromAddress()
window.addEventListener('hashchange', removeTokenFromAddress)

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
// Also where nothing is pressed: the network may be away by then. The values come before it.
requestAnimationFrame(
  () =>
    void whenRead()
      .then(loadLater)
      .catch(() => {}),
)
