/** The banner about what the person can no longer do. It stays until it is dismissed. */
import { warning } from '../state/signals.ts'
import { Icon } from './icon.tsx'

export function Warning() {
  if (warning.value === '') return null
  return (
    <div id="warning" class="banner bad" role="alert">
      <Icon name="key" />
      <p id="warning-text">{warning}</p>
      <button type="button" class="quiet" id="warning-close" onClick={() => (warning.value = '')}>
        Dismiss
      </button>
    </div>
  )
}
