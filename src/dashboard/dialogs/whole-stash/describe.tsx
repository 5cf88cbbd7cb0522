/** The dialogs of the stash itself: its name, short name and description, and its end. */
import { useState } from 'preact/hooks'
import type { ChangeReply } from '../../api/answer-types.ts'
import { ChangeDialog } from '../../parts/change-dialog.tsx'
import { openDialog } from '../../parts/dialogs.tsx'
import { Field, PLAIN_TEXT, TextArea, TextField } from '../../parts/fields/fields.tsx'
import { useOverride, useReason } from '../../parts/fields/reason.tsx'
import { removeToken } from '../../state/browser/credentials.ts'
import { go } from '../../state/route.ts'
import type { Stash } from '../../state/stash.ts'
import { markText } from '../../text/marks.ts'
import { useRequests } from '../use-requests.ts'

export function openDescribe(stash: Stash): void {
  openDialog((close) => <Describe stash={stash} close={close} />)
}

type Props = { stash: Stash; close(): void }

function Describe({ stash, close }: Props) {
  const [facts] = useState(stash.content.facts)
  const [name, setName] = useState(facts?.name ?? '')
  const [description, setDescription] = useState(facts?.description ?? '')
  const [slug, setSlug] = useState('')
  const hasSlug = facts?.slug !== null && facts?.slug !== undefined
  const body = {
    ...(name !== (facts?.name ?? '') && { name: name === '' ? null : name }),
    ...(description !== (facts?.description ?? '') && { description: description === '' ? null : description }),
    ...(slug !== '' && { slug }),
  }
  const requests = useRequests('PATCH', `/stash/${stash.id}`, () => ({ body }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="About this stash"
      action="Save"
      hidesChanges
      {...requests}
      done={() => {
        stash.refresh()
        return { text: 'Saved.' }
      }}
      close={close}
    >
      <TextField
        label="Name"
        hint="Everybody can read it."
        name="name"
        maxLength={100}
        autocomplete="off"
        dir="auto"
        value={name}
        onChange={setName}
      />
      {!hasSlug && (
        <TextField
          label="Short name (optional)"
          hint="For addresses: prod-7f3k. It can never be changed. Who guesses it can read every value: add a few random letters."
          name="slug"
          maxLength={40}
          pattern="[a-z][a-z0-9\-]{2,39}"
          title="3 to 40 of a-z, 0-9 and -, with a letter first"
          {...PLAIN_TEXT}
          value={slug}
          onChange={(text) => setSlug(text.trim())}
        />
      )}
      <TextArea
        label="Description"
        hint="Everybody can read it."
        name="description"
        rows={3}
        maxLength={1_000}
        value={description}
        onChange={setDescription}
      />
    </ChangeDialog>
  )
}

export function openDelete(stash: Stash): void {
  openDialog((close) => <Delete stash={stash} close={close} />)
}

function Delete({ stash, close }: Props) {
  const [typed, setTyped] = useState('')
  const reason = useReason()
  const override = useOverride(stash, stash.content.freezes.length > 0)
  const [name] = useState(stash.name())
  // A name with characters that cannot be typed is confirmed by the beginning of the id.
  const wanted =
    markText(name) === name && name.trim() !== '' && !name.endsWith('…') ? name.trim() : stash.id.slice(0, 8)
  const requests = useRequests('DELETE', `/stash/${stash.id}`, () => ({
    query: { reason: reason.text },
    headers: override.headers,
  }))
  return (
    <ChangeDialog<ChangeReply>
      stash={stash}
      title="Delete this stash?"
      action="Delete it for good"
      isDangerous
      hidesChanges
      {...requests}
      refused={override.refused}
      done={() => {
        removeToken(stash.id)
        // The address changes after the dialog has closed.
        setTimeout(() => go({ page: 'start' }))
        return { text: `${markText(name)} was deleted.` }
      }}
      close={close}
    >
      <p>
        <strong>It cannot be undone.</strong> All {stash.content.flags.size} switches, the history and every token are
        deleted. Each service that reads this stash gets the answer 404 at once.
      </p>
      <p>Export it first if you may need it again.</p>
      <Field label={`Type ${wanted} to confirm`}>
        <input
          name="confirm"
          required
          {...PLAIN_TEXT}
          value={typed}
          onInput={(event) => {
            const input = event.currentTarget
            input.setCustomValidity(input.value.trim() === wanted ? '' : `Type ${wanted}`)
            setTyped(input.value)
          }}
        />
      </Field>
      {reason.field}
      {override.field}
    </ChangeDialog>
  )
}
