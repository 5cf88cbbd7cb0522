/** The people and programs that have a token: what each may do, when it was used, and the buttons that end or replace it. */
import { openInvite } from '../../dialogs/access/invite.tsx'
import { openNewToken, openReplace, openRevoke } from '../../dialogs/access/tokens.tsx'
import type { Token } from '../../api/answer-types.ts'
import { Ago, In, Name } from '../../parts/text.tsx'
import type { Stash } from '../../state/stash.ts'
import { describeAbilities } from '../../text/abilities.ts'
import { brief } from '../../text/marks.ts'
import type { Tokens } from './token-list.ts'
import { describeReach } from './you.tsx'

/** Of many tokens, those that were used last are shown. */
const SHOWN_TOKENS = 200

type Props = { stash: Stash; tokens: Tokens }

export function People({ stash, tokens: { list, problem, reload } }: Props) {
  const mayList = stash.may('tokens')
  const sorted = [...(list ?? [])].sort(compare)
  return (
    <section aria-labelledby="people-title">
      <div class="section-head">
        <h2 id="people-title">People and programs</h2>
        {stash.token !== null && !stash.isOver() && (
          <>
            <button type="button" class="secondary" id="invite" onClick={() => openInvite(stash, reload)}>
              Invite a person…
            </button>
            {mayList && (
              <button type="button" class="secondary" id="new-token" onClick={() => openNewToken(stash, reload)}>
                New token…
              </button>
            )}
          </>
        )}
      </div>
      <p class="note" id="tokens-note">
        {describeNote(stash, list, problem)}
      </p>
      {sorted.length > 0 && (
        <ul id="tokens" class="items">
          {sorted.slice(0, SHOWN_TOKENS).map((token) => (
            <TokenRow
              key={token.token_id}
              stash={stash}
              token={token}
              isReplaced={isReplaced(token, sorted)}
              changed={reload}
            />
          ))}
        </ul>
      )}
      {sorted.length > SHOWN_TOKENS && <p class="note">and {sorted.length - SHOWN_TOKENS} more</p>}
    </section>
  )
}

function describeNote(stash: Stash, list: Token[] | null, problem: string): string {
  if (stash.token === null) return 'Who has access is shown to people with a token that may create tokens.'
  if (stash.content.me !== null && !stash.may('tokens')) return 'Your token may not see or create other tokens.'
  if (problem !== '') return problem
  return list === null ? 'Reading the tokens…' : ''
}

/** The master first, then by last use. */
const compare = (a: Token, b: Token): number =>
  Number(b.master) - Number(a.master) ||
  Date.parse(b.last_used_at ?? b.created_at) - Date.parse(a.last_used_at ?? a.created_at)

/** Whether it has a successor: two valid tokens have the same label only while one replaces the other. */
const isReplaced = ({ label, created_at: at, token_id: id }: Token, all: Token[]): boolean =>
  all.some((other) => other.token_id !== id && other.label === label && Date.parse(other.created_at) > Date.parse(at))

type RowProps = { stash: Stash; token: Token; isReplaced: boolean; changed(): void }

function TokenRow({ stash, token, isReplaced: isOld, changed }: RowProps) {
  const { label, can, keys, master, expires_at: until, last_used_at: used, token_id: id } = token
  // The master token in force cannot be revoked, and an old one ends by itself or is revoked.
  const mayRevoke = !stash.isOver() && (!master || until !== null)
  return (
    <li class="item">
      <h3 class="token-label">
        <Name text={label} />
        {master && <span class="kind">Master token</span>}
        {id === stash.content.me?.token_id && <span class="kind you">You</span>}
        {isOld && <span class="kind">Replaced</span>}
      </h3>
      <p class="meta">{master ? 'May do everything' : `${describeAbilities(can)} · ${describeReach(keys)}`}</p>
      <p class="meta">
        {used === null ? (
          'Never used'
        ) : (
          <>
            Used <Ago at={Date.parse(used)} />
          </>
        )}
        {until !== null && (
          <>
            {' · ends '}
            <In at={Date.parse(until)} />
          </>
        )}
      </p>
      {mayRevoke && (
        <div class="actions">
          {!master && !isOld && (
            <button type="button" class="quiet" onClick={() => openReplace(stash, token, changed)}>
              Replace…<span class="hidden"> {brief(label)}</span>
            </button>
          )}
          <button type="button" class="secondary" onClick={() => openRevoke(stash, token, changed)}>
            Revoke…<span class="hidden"> {brief(label)}</span>
          </button>
        </div>
      )}
    </li>
  )
}
