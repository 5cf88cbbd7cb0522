/**
 * The dialog that invites a second person. Their token is made with a master token: a token that a person makes with their own
 * counts as the same person, and could not approve what that person asks for. The master token is used once and not kept.
 */
import { useRef, useState } from 'preact/hooks'
import type { Reply } from '../../../client/requests/call.ts'
import { RefusedError } from '../../../client/requests/errors.ts'
import type { OwnToken, StashRecovered, TokenCreated } from '../../api/answer-types.ts'
import { callApi } from '../../api/call.ts'
import { API } from '../../api/connection.ts'
import { ChangeDialog } from '../../parts/change-dialog.tsx'
import { CopyButton } from '../../parts/secrets/copy-button.tsx'
import { openDialog } from '../../parts/dialogs.tsx'
import { SecretField } from '../../parts/fields/fields.tsx'
import { Secret } from '../../parts/secrets/secret.tsx'
import type { Stash } from '../../state/stash.ts'
import { brief } from '../../text/marks.ts'
import { TokenFields, toSpecBody, useTokenSpec } from './token-fields.tsx'

export function openInvite(stash: Stash, changed: () => void): void {
  openDialog((close) => <Invite stash={stash} changed={changed} close={close} />)
}

type Props = { stash: Stash; changed(): void; close(): void }

function Invite({ stash, changed, close }: Props) {
  const [spec, change] = useTokenSpec(['write', 'approve'])
  const [master, setMaster] = useState('')
  const [admin, setAdmin] = useState('')
  const [recovered, setRecovered] = useState('')
  const isMaster = stash.content.me?.master === true
  // A new master token that was made by a press that failed after that: the next press must not make another one.
  const made = useRef('')

  const findMaster = async (signal: AbortSignal): Promise<string> => {
    if (made.current !== '') return made.current
    if (admin.trim() === '') return master.trim()
    const target = { ...API, token: admin.trim() }
    const { body } = await callApi<StashRecovered>(target, 'POST', `/stash/${stash.id}/tokens/recover`, { signal })
    made.current = body.master_token
    setRecovered(body.master_token)
    return body.master_token
  }

  const send = async (signal: AbortSignal): Promise<Reply<TokenCreated>> => {
    const token = isMaster && stash.token !== null ? stash.token : await findMaster(signal)
    const target = { ...API, token }
    const { body: me } = await callApi<OwnToken>(target, 'GET', `/stash/${stash.id}/token`, { signal })
    if (!me.master) throw new RefusedError(403, NO_MASTER)
    return callApi(target, 'POST', `/stash/${stash.id}/tokens`, { body: toSpecBody(spec), signal })
  }

  return (
    <ChangeDialog<TokenCreated>
      stash={stash}
      title="Invite a person"
      action={admin.trim() !== '' && recovered === '' ? 'Replace the master token, and invite' : 'Invite'}
      isDangerous={admin.trim() !== '' && recovered === ''}
      once
      send={(_, signal) => send(signal)}
      done={({ body }) => {
        changed()
        return { content: <Invited stash={stash} label={body.label} token={body.token} master={made.current} /> }
      }}
      close={close}
    >
      <TokenFields
        spec={spec}
        change={change}
        label="Their name"
        hint="The history shows this name beside their changes and approvals."
      />
      {recovered !== '' ? (
        <Secret
          label="The new master token"
          secret={recovered}
          hint="It was made already, and is shown only now. Keep a copy."
        />
      ) : (
        !isMaster && <Masters master={master} setMaster={setMaster} admin={admin} setAdmin={setAdmin} />
      )}
    </ChangeDialog>
  )
}

const NO_MASTER = {
  code: 'not_a_master_token',
  title: 'This is not a master token',
  detail:
    'A token that is made with another token counts as the same person. Paste the master token that was shown when the stash was created.',
}

type MastersProps = {
  master: string
  setMaster(text: string): void
  admin: string
  setAdmin(text: string): void
}

function Masters({ master, setMaster, admin, setAdmin }: MastersProps) {
  return (
    <>
      <SecretField
        label="Master token"
        hint="Only a token that the master token makes counts as another person. It is used once, and not kept here."
        name="master"
        required={admin.trim() === ''}
        value={master}
        onChange={setMaster}
      />
      <details class="more">
        <summary>I have only the admin token</summary>
        <SecretField
          label="Admin token of this deployment"
          hint="It makes a new master token. Every older master token stops working at once. All other tokens stay."
          name="admin"
          value={admin}
          onChange={setAdmin}
        />
      </details>
    </>
  )
}

type InvitedProps = { stash: Stash; label: string; token: string; master: string }

/** What to send to the person: a link to this stash, and their token, by another way. */
function Invited({ stash, label, token, master }: InvitedProps) {
  const link = `${location.origin}${location.pathname}#/s/${stash.address()}`
  const shown = useRef<HTMLElement>(null)
  return (
    <div class="stack">
      <Secret
        label={`Token of ${brief(label)}`}
        secret={token}
        hint="It is shown only now. Copy it, and send it in a private way."
      />
      <div class="once">
        <p class="label">Link to this dashboard, to send with it</p>
        <code class="address" ref={shown}>
          {link}
        </code>
        <div class="actions start">
          <CopyButton text={link} label="Copy the link" shown={shown} />
        </div>
      </div>
      {master !== '' && (
        <Secret
          label="The new master token"
          secret={master}
          hint="It is not for the person whom you invite. Keep it in a safe place: it is shown only now."
          file={`switchyard-master-${stash.id.slice(0, 8)}.txt`}
        />
      )}
    </div>
  )
}
