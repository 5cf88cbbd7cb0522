/** On other pages: the master token of a new stash that was not put away yet. */
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { brief } from '../text/marks.ts'
import { creation } from './creation.ts'

export function Unsaved() {
  if (creation.value === null) return null
  return (
    <div class="banner warn">
      <Icon name="key" />
      <p>Keep a copy of the master token of {brief(creation.value.spec.name)}: it cannot be shown again later.</p>
      <LinkTo to={{ page: 'create' }}>Go back to it</LinkTo>
    </div>
  )
}
