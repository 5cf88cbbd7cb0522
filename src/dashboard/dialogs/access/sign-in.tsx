/**
 * The dialog that takes a token for a stash. The token is tried before it is used: a mistyped one must not look like one that
 * may do nothing.
 */
import { useState } from 'preact/hooks'
import { findTokenObjection } from '../../api/try-token.ts'
import { openDialog } from '../../parts/dialogs.tsx'
import { Check, SecretField } from '../../parts/fields/fields.tsx'
import { PlainDialog } from '../../parts/plain-dialog.tsx'
import type { Stash } from '../../state/stash.ts'
import { useToken } from '../../state/stashes.ts'

export function openSignIn(stash: Stash): void {
  openDialog((close) => <SignIn stash={stash} close={close} />)
}

function SignIn({ stash, close }: { stash: Stash; close(): void }) {
  const [token, setToken] = useState('')
  const [onDevice, setOnDevice] = useState(false)
  const [objection, setObjection] = useState('')
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (token.trim() === '') return setObjection('Paste a token first.')
    setBusy(true)
    const found = await findTokenObjection(stash.id, token.trim())
    setBusy(false)
    if (found !== null) return setObjection(found)
    useToken(stash, token.trim(), onDevice)
    close()
  }
  return (
    <PlainDialog label={`Use a token for ${stash.name()}`} close={close} actions={null}>
      <form class="stack" onSubmit={submit}>
        <h2>Use a token for {stash.name()}</h2>
        <SecretField
          label="Token"
          hint="With a token you can change switches, and see who changed them and why."
          name="token"
          value={token}
          onChange={setToken}
        />
        <Check
          label="Keep it on this device, for other tabs too. Otherwise it is kept until this tab is closed."
          isChecked={onDevice}
          onChange={setOnDevice}
        />
        <p class="error" role="alert">
          {objection}
        </p>
        <div class="actions">
          <button type="button" class="secondary" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Use it
          </button>
        </div>
      </form>
    </PlainDialog>
  )
}
