/** The form that opens a stash. It asks for the stash, and tries the token, before anything is shown or kept. */
import { useRef, useState } from 'preact/hooks'
import { findTokenObjection } from '../api/try-token.ts'
import { Check, PLAIN_TEXT, SecretField, TextField } from '../parts/fields/fields.tsx'
import { go } from '../state/route.ts'
import { findTokenTypo, parseStashText } from '../state/stash-text.ts'
import { findStash, keepToken } from '../state/stashes.ts'

export function ConnectForm() {
  const [typed, setTyped] = useState('')
  const [token, setToken] = useState('')
  const [onDevice, setOnDevice] = useState(false)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const object = (text: string, field: 'stash' | 'token'): void => {
    setProblem(text)
    form.current?.querySelector<HTMLInputElement>(`[name=${field}]`)?.focus()
  }
  const connect = async (): Promise<void> => {
    const place = parseStashText(typed)
    if ('problem' in place) return object(place.problem, 'stash')
    const secret = token.trim()
    const typo = findTokenTypo(secret)
    if (typo !== null) return object(typo, 'token')
    const found = await findStash(place.stash)
    if ('problem' in found) return object(found.problem, 'stash')
    if (secret !== '') {
      const objection = await findTokenObjection(found.id, secret)
      if (objection !== null) return object(objection, 'token')
      keepToken(found.id, secret, onDevice)
    }
    // The person may have gone elsewhere meanwhile.
    if (form.current !== null) go(place)
  }
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (isBusy) return
    setProblem('')
    setBusy(true)
    await connect()
    setBusy(false)
  }
  return (
    <form ref={form} class="panel stack" onSubmit={submit} noValidate>
      <h2>Open a stash</h2>
      <TextField
        label="Stash"
        hint="Its ID, its short name (slug), or a dashboard link."
        name="stash"
        required
        maxLength={2_000}
        {...PLAIN_TEXT}
        value={typed}
        onChange={setTyped}
      />
      <SecretField
        label="Token"
        hint="Optional. You need one to change anything."
        name="token"
        maxLength={200}
        value={token}
        onChange={setToken}
      />
      <Check
        label="Keep it on this device, for other tabs too. Otherwise it is forgotten when this tab is closed."
        isChecked={onDevice}
        onChange={setOnDevice}
      />
      <p id="connect-error" class="error" role="alert">
        {problem}
      </p>
      <div class="actions start">
        <button type="submit" class="primary" id="enter" aria-disabled={isBusy}>
          Open
        </button>
      </div>
    </form>
  )
}
