/** The whole page: what the address names, the dialogs, the notice, and the warning that stays. */
import { useEffect } from 'preact/hooks'
import { StartPage } from './pages/start.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { SwitchesPage } from './pages/switches.tsx'
import { Dialogs, hasDialog } from './parts/dialogs.tsx'
import { LaterPage } from './parts/later.tsx'
import { StashFrame } from './parts/stash-frame.tsx'
import { Warning } from './parts/warning.tsx'
import { findKnown, remember } from './state/browser/known-stashes.ts'
import { address, go, route, type Route } from './state/route.ts'
import { dismissNotice, notice, said } from './state/signals.ts'
import type { Stash } from './state/stash.ts'
import { resolveStash, retrySlug } from './state/stashes.ts'

export function App() {
  return (
    <>
      <Page />
      <Dialogs />
      <NoticeBox />
      <p id="said" class="hidden" role="status" aria-live="polite">
        {said}
      </p>
    </>
  )
}

function Page() {
  const { value } = route
  useEffect(focusContent, [JSON.stringify(value)])
  useKeys()
  if ('stash' in value) return <OneStash place={value} />
  return (
    <>
      <Warning />
      {value.page === 'start' && <StartPage />}
      {value.page === 'create' && <LaterPage name="CreatePage" props={{}} />}
      {value.page === 'all' && <OverviewPage />}
    </>
  )
}

/** The content is the first thing that Tab leads to. */
function focusContent(): void {
  if (document.activeElement === document.body || document.activeElement?.closest('#main, dialog') === null)
    document.getElementById('main')?.focus({ preventScroll: true })
}

function OneStash({ place }: { place: Extract<Route, { stash: string }> }) {
  const stash = resolveStash(place.stash)
  // It may have been created since it was looked for.
  useEffect(() => {
    if (stash !== null && 'problem' in stash) retrySlug(place.stash)
  }, [place.stash])
  if (stash === null) return <p class="empty">Looking for {place.stash}…</p>
  if ('problem' in stash) return <NotFound name={place.stash} problem={stash.problem} />
  return <Opened key={stash.id} stash={stash} place={place} />
}

function NotFound({ name, problem }: { name: string; problem: string }) {
  return (
    <main id="main" class="lone" tabindex={-1}>
      <h1>{name}</h1>
      <p role="alert">{problem}</p>
      <div class="actions start">
        <button type="button" class="secondary" onClick={() => retrySlug(name)}>
          Try again
        </button>
        <button type="button" class="primary" onClick={() => go({ page: 'start' })}>
          Open another stash
        </button>
      </div>
    </main>
  )
}

function Opened({ stash, place }: { stash: Stash; place: Extract<Route, { stash: string }> }) {
  // A slug is looked up first: there was no content yet.
  useEffect(focusContent, [])
  useEffect(() => {
    const { facts } = stash.content
    stash.showInFull()
    const known = findKnown(stash.id) ?? { slug: null, name: null }
    remember(stash.id, { slug: facts?.slug ?? known.slug, name: facts?.name ?? known.name })
  }, [])
  useEffect(() => {
    const refresh = (): void => {
      if (document.visibilityState === 'visible' && stash.link.state === 'live') stash.refresh()
    }
    document.addEventListener('visibilitychange', refresh)
    return () => document.removeEventListener('visibilitychange', refresh)
  }, [])
  const view = place.page === 'stash' ? place.view : null
  return (
    <StashFrame stash={stash} view={view}>
      {place.page === 'switch' && <LaterPage key={place.key} name="SwitchPage" props={{ stash, flag: place.key }} />}
      {view === 'switches' && <SwitchesPage stash={stash} />}
      {view === 'pending' && <LaterPage name="PendingPage" props={{ stash }} />}
      {view === 'history' && <LaterPage name="HistoryPage" props={{ stash }} />}
      {view === 'access' && <LaterPage name="AccessPage" props={{ stash }} />}
    </StashFrame>
  )
}

/** `/` leads to the search, wherever the page has one. */
function useKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select') !== null
      if (event.key !== '/' || isTyping || hasDialog() || event.ctrlKey || event.metaKey || event.altKey) return
      const search = document.querySelector<HTMLInputElement>('#filter')
      if (search === null) return
      event.preventDefault()
      search.focus()
      search.select()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

function NoticeBox() {
  const shown = notice.value
  void address.value
  return (
    <section id="toast" aria-label="Notice">
      {shown !== null && (
        <>
          <p>{shown.text}</p>
          <div class="toast-actions">
            {shown.action !== undefined && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  dismissNotice()
                  shown.action?.run()
                }}
              >
                {shown.action.label}
              </button>
            )}
            <button type="button" class="quiet" aria-label="Dismiss" onClick={dismissNotice}>
              ✕
            </button>
          </div>
        </>
      )}
    </section>
  )
}
