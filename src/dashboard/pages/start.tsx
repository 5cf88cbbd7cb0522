/** The way in: the stashes that this browser knows, a form that opens another one, and the way to a new one. */
import { useEffect } from 'preact/hooks'
import { Unsaved } from '../create/unsaved.tsx'
import { withLater } from '../parts/later.tsx'
import { Icon } from '../parts/icon.tsx'
import { LinkTo } from '../parts/link-to.tsx'
import { StashLink, toTitle } from '../parts/stash-link.tsx'
import { isTokenOnDevice, loadToken } from '../state/browser/credentials.ts'
import { knownStashes, type KnownStash } from '../state/browser/known-stashes.ts'
import { AdminList } from './start-admin.tsx'
import { ConnectForm } from './start-connect.tsx'

export function StartPage() {
  const known = knownStashes.value
  useEffect(() => {
    document.title = 'Switchyard'
  }, [])
  return (
    <main id="main" class="way-in" tabindex={-1}>
      <div class="brand">
        <h1>
          <Icon name="mark" />
          Switchyard
        </h1>
        <p class="lead">Operational flags for your services: see them live, change them with a token.</p>
      </div>
      <Unsaved />
      <div class="ways">
        <div class="way">
          {known.length > 0 && <KnownList known={known} />}
          <section class={known.length > 0 ? 'panel plain' : 'panel'}>
            <h2>{known.length > 0 ? 'New stash' : 'New here?'}</h2>
            <p>
              A stash is a set of switches, with its own tokens and history. Most teams have one for each environment.
            </p>
            <LinkTo to={{ page: 'create' }} class={known.length > 0 ? 'button secondary' : 'button primary'}>
              Create a stash
            </LinkTo>
          </section>
        </div>
        <div class="way">
          <ConnectForm />
          <AdminList />
        </div>
      </div>
      <p class="docs">
        <a href="/docs">Guides and reference</a>
        <a href="/openapi.json">API description (OpenAPI)</a>
      </p>
    </main>
  )
}

function KnownList({ known }: { known: KnownStash[] }) {
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Opened in this browser</h2>
        {known.length > 1 && <LinkTo to={{ page: 'all' }}>See all stashes</LinkTo>}
      </div>
      <ul class="known">
        {known.map((stash) => (
          <Known key={stash.id} stash={stash} />
        ))}
      </ul>
    </section>
  )
}

function Known({ stash }: { stash: KnownStash }) {
  return (
    <li data-colour={stash.colour}>
      <StashLink stash={stash} facts={[describeToken(stash.id)]}>
        <span class="swatch" />
      </StashLink>
      <button type="button" class="quiet" onClick={() => withLater(({ openForget }) => openForget(stash))}>
        Forget<span class="hidden"> {toTitle(stash)}</span>
      </button>
    </li>
  )
}

function describeToken(id: string): string {
  if (loadToken(id) === null) return 'no token here: read-only'
  return isTokenOnDevice(id) ? 'token kept on this device' : 'token kept in this tab'
}
