/** Who this page is for the service: the token that it uses, what that may do, and how to give it up. */
import { openReplace } from '../../dialogs/access/tokens.tsx'
import { openSignIn } from '../../dialogs/access/sign-in.tsx'
import type { OwnToken, Token } from '../../api/answer-types.ts'
import { confirmHere } from '../../parts/confirm-dialog.tsx'
import { Name } from '../../parts/text.tsx'
import { isTokenOnDevice } from '../../state/browser/credentials.ts'
import { go } from '../../state/route.ts'
import { now } from '../../state/signals.ts'
import type { Stash } from '../../state/stash.ts'
import { endToken } from '../../state/stashes.ts'
import { describeAbilities } from '../../text/abilities.ts'
import { brief } from '../../text/marks.ts'
import { inFuture } from '../../text/words.ts'

type Props = { stash: Stash; tokens: Token[]; changed(): void }

export function You({ stash, tokens, changed }: Props) {
  const { me } = stash.content
  const forget = (): void =>
    confirmHere({
      title: 'Forget the token here?',
      text: 'It stays valid, and this page cannot show it. You need a copy of it to make changes again.',
      action: 'Forget it',
      act: () => endToken(stash, `The token was forgotten here. ${stash.name()} is read-only now.`),
    })
  return (
    <section aria-labelledby="you-title">
      <h2 id="you-title">You</h2>
      <div class="item">
        {stash.token === null ? (
          <p>
            <strong>Read-only.</strong> With a token you can change switches, and see who changed them and why.
          </p>
        ) : me === null ? (
          <p>Reading what your token may do…</p>
        ) : (
          <Facts stash={stash} me={me} tokens={tokens} />
        )}
        <div class="actions start">
          {stash.token === null ? (
            <button type="button" class="primary" onClick={() => openSignIn(stash)}>
              Use a token
            </button>
          ) : (
            <>
              <button type="button" class="secondary" id="forget" onClick={forget}>
                Forget the token here…
              </button>
              {me !== null && !me.master && !stash.isOver() && (
                <button type="button" class="secondary" onClick={() => openReplace(stash, me, changed)}>
                  Replace my token…
                </button>
              )}
            </>
          )}
          <button type="button" class="secondary" id="leave" onClick={() => go({ page: 'start' })}>
            Open another stash
          </button>
        </div>
      </div>
    </section>
  )
}

type FactsProps = { stash: Stash; me: OwnToken; tokens: Token[] }

function Facts({ stash, me, tokens }: FactsProps) {
  const maker = tokens.find(({ token_id: id }) => id === me.made_by)
  return (
    <>
      <p class="token-label">
        <Name text={me.label} />
        {me.master && <span class="kind">Master token</span>}
      </p>
      <dl class="facts">
        <dt>May</dt>
        <dd>{me.master ? 'Everything, including to delete this stash' : describeAbilities(me.can)}</dd>
        <dt>For</dt>
        <dd>{me.master ? 'Every switch' : describeReach(me.keys)}</dd>
        <dt>Ends</dt>
        <dd>{me.expires_at === null ? 'Never' : inFuture(Date.parse(me.expires_at), now.value)}</dd>
        {maker !== undefined && (
          <>
            <dt>Made by</dt>
            <dd>
              <Name text={maker.label} />
            </dd>
          </>
        )}
        <dt>Kept</dt>
        <dd>{isTokenOnDevice(stash.id) ? 'On this device' : 'Until this tab is closed'}</dd>
      </dl>
    </>
  )
}

export const describeReach = (keys: string[]): string =>
  keys.includes('*') ? 'Every switch' : brief(keys.join(', '), 300)
