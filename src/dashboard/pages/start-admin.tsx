/** For the person who runs the deployment: all its stashes, with the admin token, which is kept until the tab is closed. */
import { useState } from 'preact/hooks'
import { NoAnswerError, RefusedError } from '../../client/requests/errors.ts'
import type { StashList } from '../api/answer-types.ts'
import { callApi, describeFailure } from '../api/call.ts'
import { API } from '../api/connection.ts'
import { SecretField } from '../parts/fields/fields.tsx'
import { StashLink } from '../parts/stash-link.tsx'
import { loadAdminToken, removeAdminToken, saveAdminToken } from '../state/browser/credentials.ts'
import { findTokenTypo } from '../state/stash-text.ts'

/** Its content is drawn only while it is open: it would be a second field for a token. */
export function AdminList() {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="panel plain more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>I run this deployment</summary>
      {isOpen && <AllStashes />}
    </details>
  )
}

const PAGE_SIZE = 200

type Listed = StashList['stashes']

function AllStashes() {
  const [typed, setTyped] = useState('')
  const [kept, setKept] = useState(loadAdminToken)
  const [stashes, setStashes] = useState<Listed | null>(null)
  const [next, setNext] = useState<string | null>(null)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const show = async (cursor: string | null): Promise<void> => {
    const token = kept ?? typed.trim()
    const typo = token === '' ? 'Paste the admin token first.' : findTokenTypo(token)
    if (typo !== null) return setProblem(typo)
    setBusy(true)
    setProblem('')
    const page = await readPage(token, cursor)
    setBusy(false)
    if ('problem' in page) return setProblem(page.problem)
    saveAdminToken(token)
    setKept(token)
    setTyped('')
    setStashes(cursor === null ? page.stashes : [...(stashes ?? []), ...page.stashes])
    setNext(page.next)
  }
  const forget = (): void => {
    removeAdminToken()
    setKept(null)
    setStashes(null)
    setNext(null)
    setProblem('')
  }
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) void show(null)
      }}
    >
      {kept === null ? (
        <SecretField
          label="Admin token"
          hint="It is kept until this tab is closed."
          name="admin"
          maxLength={1_000}
          value={typed}
          onChange={setTyped}
        />
      ) : (
        <p>This tab keeps the admin token until it is closed.</p>
      )}
      <p class="error" role="alert">
        {problem}
      </p>
      <div class="actions start">
        <button type="submit" class="secondary" aria-disabled={isBusy}>
          Show all stashes
        </button>
        {kept !== null && (
          <button type="button" class="quiet" onClick={forget}>
            Forget the admin token
          </button>
        )}
      </div>
      {stashes !== null && <Stashes stashes={stashes} />}
      {next !== null && (
        <button type="button" class="secondary" aria-disabled={isBusy} onClick={() => !isBusy && void show(next)}>
          Show more
        </button>
      )}
    </form>
  )
}

function Stashes({ stashes }: { stashes: Listed }) {
  return (
    <>
      <p class="hint" role="status">
        {stashes.length === 1 ? '1 stash' : `${stashes.length} stashes`}. A new one appears here after about a minute.
      </p>
      <ul class="known">
        {stashes.map(({ stash_id: id, slug, name, items, created_at: createdAt }) => (
          <li key={id}>
            <StashLink
              stash={{ id, slug, name }}
              facts={[
                ...(items === null ? [] : [items === 1 ? '1 switch' : `${items} switches`]),
                ...(createdAt === null ? [] : [`created ${DAY.format(Date.parse(createdAt))}`]),
              ]}
            />
          </li>
        ))}
      </ul>
    </>
  )
}

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })

async function readPage(token: string, cursor: string | null): Promise<StashList | { problem: string }> {
  try {
    const query = { limit: PAGE_SIZE, cursor: cursor ?? undefined }
    return (await callApi<StashList>({ ...API, token }, 'GET', '/stashes', { query })).body
  } catch (error) {
    if (error instanceof NoAnswerError) return { problem: `${error.message} Try again.` }
    if (error instanceof RefusedError) return { problem: describeFailure(error) }
    throw error
  }
}
