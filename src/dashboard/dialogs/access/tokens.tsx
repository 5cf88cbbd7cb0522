/** The dialogs of tokens: create, revoke, and replace one, the master token included. A new token is shown once. */
import { useState } from 'preact/hooks'
import type { Ability, Token, TokenCreated, TokenRevoked, TokenRotated } from '../../api/answer-types.ts'
import { ChangeDialog } from '../../parts/change-dialog.tsx'
import { openDialog } from '../../parts/dialogs.tsx'
import { SelectField } from '../../parts/fields/fields.tsx'
import { useReason } from '../../parts/fields/reason.tsx'
import { Secret } from '../../parts/secrets/secret.tsx'
import { isTokenOnDevice } from '../../state/browser/credentials.ts'
import type { Stash } from '../../state/stash.ts'
import { useToken } from '../../state/stashes.ts'
import { ABILITIES } from '../../text/abilities.ts'
import { brief } from '../../text/marks.ts'
import { TokenFields, toSpecBody, useTokenSpec } from './token-fields.tsx'
import { useRequests } from '../use-requests.ts'

type Props = { stash: Stash; changed(): void; close(): void }

/** @param changed called after the list of tokens has changed */
export function openNewToken(stash: Stash, changed: () => void): void {
  openDialog((close) => <NewToken stash={stash} changed={changed} close={close} />)
}

function NewToken({ stash, changed, close }: Props) {
  const { me } = stash.content
  const offered: readonly Ability[] = me === null || me.master ? ABILITIES : me.can
  const [first = 'write'] = offered
  const [spec, change] = useTokenSpec(
    offered.includes('write') ? ['write'] : [first],
    me === null || me.master ? '*' : me.keys.join(', '),
  )
  const ends = me?.expires_at ?? null
  const requests = useRequests<TokenCreated>('POST', `/stash/${stash.id}/tokens`, () => ({ body: toSpecBody(spec) }))
  return (
    <ChangeDialog<TokenCreated>
      stash={stash}
      title="Create a token"
      action="Create the token"
      once
      hidesChanges
      {...requests}
      done={({ body }) => {
        changed()
        return {
          content: (
            <Secret
              label={`Token of ${brief(body.label)}`}
              secret={body.token}
              hint="It is shown only now. Copy it, and send it in a private way."
            />
          ),
        }
      }}
      close={close}
    >
      <TokenFields
        spec={spec}
        change={change}
        label="Who or what it is for"
        hint="The history shows this name: deploy pipeline, Bob."
        offered={offered}
        never={ends === null ? 'Never' : 'When your token ends'}
      />
      {me?.master === false && (
        <p class="hint">
          A token that you create counts as you: it cannot approve what you ask for. To add a second person, invite
          them.
        </p>
      )}
    </ChangeDialog>
  )
}

export function openRevoke(stash: Stash, token: Token, changed: () => void): void {
  openDialog((close) => <Revoke stash={stash} token={token} changed={changed} close={close} />)
}

function Revoke({ stash, token: { token_id: id, label }, changed, close }: Props & { token: Token }) {
  const reason = useReason()
  const isOwn = stash.content.me?.token_id === id
  const requests = useRequests<TokenRevoked>('DELETE', `/stash/${stash.id}/tokens/${id}`, () => ({
    query: { reason: reason.text },
  }))
  return (
    <ChangeDialog<TokenRevoked>
      stash={stash}
      title={`Revoke ${brief(label)}?`}
      action="Revoke it"
      isDangerous
      hidesChanges
      {...requests}
      refused={() => {
        changed()
        return null
      }}
      done={({ body: { leaves } }) => {
        changed()
        const left = leaves.length === 0 ? '' : ` Still ends by itself: ${leaves.map(({ key }) => key).join(', ')}.`
        return {
          text: `${brief(label)} is revoked.${left.length > 300 ? ` ${leaves.length} time-boxes still end.` : left}`,
        }
      }}
      close={close}
    >
      <p>It stops working at once, with the links it made and the changes it scheduled.</p>
      {isOwn && <p class="notice">This is the token that you use here. This page will be read-only.</p>}
      {reason.field}
    </ChangeDialog>
  )
}

const OVERLAPS: [value: string, text: string][] = [
  ['', 'It stops at once'],
  ['15m', '15 min'],
  ['1h', '1 h'],
  ['24h', '24 h'],
]

/** The token that is replaced: one of the list, or the master token. */
type Replaced = { token_id: string; label: string } | 'master'

export function openReplace(stash: Stash, token: Replaced, changed: () => void): void {
  openDialog((close) => <Replace stash={stash} token={token} changed={changed} close={close} />)
}

function Replace({ stash, token, changed, close }: Props & { token: Replaced }) {
  const [overlap, setOverlap] = useState('1h')
  const isMaster = token === 'master'
  const isOwn = isMaster || stash.content.me?.token_id === token.token_id
  const name = isMaster ? 'the master token' : brief(token.label)
  const path = isMaster ? 'rotate' : `${token.token_id}/rotate`
  const requests = useRequests<TokenRotated>('POST', `/stash/${stash.id}/tokens/${path}`, () => ({
    body: overlap === '' ? {} : { overlap },
  }))
  return (
    <ChangeDialog<TokenRotated>
      stash={stash}
      title={`Replace ${name}?`}
      action={`Replace ${name}`}
      once
      hidesChanges
      {...requests}
      done={({ body: made }) => {
        if (isOwn) useToken(stash, made.token, isTokenOnDevice(stash.id))
        changed()
        return {
          content: (
            <Secret
              label={isMaster ? 'The new master token' : `New token of ${name}`}
              secret={made.token}
              hint={
                isOwn
                  ? 'It is shown only now. This page uses it from now on. Keep a copy.'
                  : 'It is shown only now. Copy it, and send it in a private way.'
              }
              {...(isMaster && { file: `switchyard-master-${stash.id.slice(0, 8)}.txt` })}
            />
          ),
        }
      }}
      close={close}
    >
      <p>
        {isMaster
          ? 'You get a new master token. All older master tokens end with this one.'
          : 'You get a new token with the same name, the same abilities and the same end.'}
      </p>
      <SelectField
        label="How long the old one still works"
        hint="Long enough to put the new one where the old one is used."
        name="overlap"
        options={OVERLAPS}
        value={overlap}
        onChange={setOverlap}
      />
    </ChangeDialog>
  )
}
