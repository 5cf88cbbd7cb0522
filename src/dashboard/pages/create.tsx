/** Creates a stash: a form, and then the master token, which is shown once. */
import { useEffect } from 'preact/hooks'
import { CreateForm } from '../create/create-form.tsx'
import { Created } from '../create/created.tsx'
import { creation } from '../create/creation.ts'
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'

export function CreatePage() {
  const made = creation.value
  useEffect(() => {
    document.title = 'Create a stash · Switchyard'
  }, [])
  // The element that had the focus is gone then.
  useEffect(() => {
    if (made !== null) document.getElementById('main')?.focus()
  }, [made === null])
  return (
    <main id="main" class="way-in narrow" tabindex={-1}>
      <p class="crumb">
        <LinkTo to={{ page: 'start' }}>
          <Icon name="mark" />
          Switchyard
        </LinkTo>
      </p>
      {made === null ? <CreateForm /> : <Created made={made} />}
    </main>
  )
}
