/** The form for a new stash. Nothing is made before its button is pressed, and a refusal makes nothing. */
import { useRef, useState } from 'preact/hooks'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import { describeError, describeFailure } from '../api/call.ts'
import { PLAIN_TEXT, SecretField, TextArea, TextField } from '../parts/fields/fields.tsx'
import { loadAdminToken, saveAdminToken } from '../state/browser/credentials.ts'
import { findTokenTypo } from '../state/stash-text.ts'
import { createStash } from './creation.ts'
import { KeyPreview, ReadyMade } from './ready-made.tsx'
import { createEnding, proposeSlug, toSpec, type Draft } from './spec.ts'

const EMPTY: Draft = {
  name: '',
  slug: '',
  me: '',
  services: '',
  hasMaintenance: true,
  hasOnCall: true,
  hasTraffic: true,
  choices: 'blue, green',
  needsSecond: false,
}

export function CreateForm() {
  const [draft, setDraft] = useState(EMPTY)
  const [isSlugEdited, setSlugEdited] = useState(false)
  const ending = useRef(createEnding())
  const [admin, setAdmin] = useState(loadAdminToken)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const set = (changes: Partial<Draft>): void => setDraft((before) => ({ ...before, ...changes }))
  const toField = (name: string): void => form.current?.querySelector<HTMLElement>(`[name=${name}]`)?.focus()

  const setName = (name: string): void =>
    set({ name, ...(!isSlugEdited && { slug: name.trim() === '' ? '' : proposeSlug(name, ending.current) }) })
  /** The person's own words stay; the ending is new. */
  const proposeAnother = (): void => {
    ending.current = createEnding()
    const base = isSlugEdited ? draft.slug.replace(/-[a-z0-9]{4}$/, '') : draft.name
    if (draft.slug !== '') set({ slug: proposeSlug(base, ending.current) })
  }
  const explain = (error: RefusedError | NoAnswerError): void => {
    if (error.applied === 'unknown') {
      proposeAnother()
      return setProblem(
        `${describeError(error)} It is not known whether the stash was ` +
          'created. If it was, its token is lost, and it is empty and of no use. "Create stash" makes another one' +
          `${draft.slug === '' ? '.' : ', with the new short name above.'}`,
      )
    }
    if (error instanceof NoAnswerError) return setProblem(`${error.message} Nothing was created. Try again.`)
    if (error.code === 'slug_taken') {
      proposeAnother()
      setProblem(
        `The short name "${draft.slug}" is taken. Nothing was created. The field has another one now: try again.`,
      )
      return toField('slug')
    }
    if (error.code === 'token_missing' || error.code === 'invalid_token') {
      setAdmin((typed) => typed ?? '')
      setProblem(
        error.code === 'token_missing'
          ? 'Nothing was created: this deployment creates stashes only with its admin token. Paste it below, or ask the person who runs the deployment.'
          : 'Nothing was created: the admin token is not valid here. Check it, and try again.',
      )
      // It is drawn after this.
      return void setTimeout(() => toField('admin'))
    }
    setProblem(`${describeFailure(error)} Nothing was created.`)
  }
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (isBusy) return
    setProblem('')
    const spec = toSpec(draft)
    if ('problem' in spec) {
      setProblem(spec.problem.text)
      return toField(spec.problem.field)
    }
    const adminToken = (admin ?? '').trim()
    const typo = findTokenTypo(adminToken)
    if (typo !== null) {
      setProblem(typo)
      return toField('admin')
    }
    setBusy(true)
    try {
      await createStash(spec, adminToken)
      if (adminToken !== '') saveAdminToken(adminToken)
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error
      explain(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form ref={form} class="stack" onSubmit={submit} noValidate>
      <div class="brand">
        <h1>Create a stash</h1>
        <p class="lead">
          A stash is a set of switches, with its own tokens and history. Most teams have one for each environment.
        </p>
      </div>
      <TextField
        label="Name"
        hint='Such as "shop production".'
        name="name"
        required
        maxLength={100}
        dir="auto"
        autocomplete="off"
        value={draft.name}
        onChange={setName}
      />
      <TextField
        label={<Optional text="Short name" />}
        hint="It is part of public addresses. Anybody who guesses it can read every value."
        name="slug"
        maxLength={40}
        {...PLAIN_TEXT}
        value={draft.slug}
        onChange={(slug) => {
          setSlugEdited(slug !== '')
          set({ slug })
        }}
      />
      <TextField
        label="Your name"
        hint="The history shows it beside your changes."
        name="me"
        required
        maxLength={100}
        dir="auto"
        autocomplete="name"
        value={draft.me}
        onChange={(me) => set({ me })}
      />
      <TextArea
        label={<Optional text="Services" />}
        hint='Separated by commas or spaces, such as "checkout, payments, search". Each gets its own switches.'
        name="services"
        rows={2}
        maxLength={4_000}
        {...PLAIN_TEXT}
        value={draft.services}
        onChange={(services) => set({ services })}
      />
      <ReadyMade draft={draft} set={set} />
      <KeyPreview draft={draft} />
      {admin !== null && (
        <SecretField
          label="Admin token"
          hint="This deployment may ask for it to create a stash. It is kept until this tab is closed."
          name="admin"
          maxLength={1_000}
          value={admin}
          onChange={setAdmin}
        />
      )}
      <p id="create-error" class="error" role="alert">
        {problem}
      </p>
      <div class="actions start">
        <button type="submit" class="primary" aria-disabled={isBusy}>
          {isBusy ? 'Creating…' : 'Create stash'}
        </button>
      </div>
    </form>
  )
}

const Optional = ({ text }: { text: string }) => (
  <>
    {text} <span class="optional">(optional)</span>
  </>
)
