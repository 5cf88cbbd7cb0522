/** The stash itself: its name, its colour in this browser, its export, its master token and its end. */
import { useState } from 'preact/hooks'
import { openDelete, openDescribe } from '../../dialogs/whole-stash/describe.tsx'
import { openReplace } from '../../dialogs/access/tokens.tsx'
import { CopyButton } from '../../parts/secrets/copy-button.tsx'
import { download } from '../../parts/secrets/download.ts'
import { Marked } from '../../parts/text.tsx'
import { COLOURS, findKnown, setColour } from '../../state/browser/known-stashes.ts'
import { notify } from '../../state/signals.ts'
import type { Stash } from '../../state/stash.ts'

type Props = { stash: Stash; changed(): void }

export function About({ stash, changed }: Props) {
  const { facts, me } = stash.content
  const isMaster = me?.master === true && !stash.isOver()
  const mayExport = me !== null && (me.master || me.keys.includes('*')) && !stash.isOver()
  return (
    <section aria-labelledby="about-title">
      <h2 id="about-title">About this stash</h2>
      <div class="item stack">
        <dl class="facts">
          <dt>Name</dt>
          <dd>{facts?.name ? <Text text={facts.name} /> : 'None'}</dd>
          <dt>Short name</dt>
          <dd>{facts?.slug ?? 'None'}</dd>
          {facts?.description && (
            <>
              <dt>Description</dt>
              <dd>
                <Text text={facts.description} />
              </dd>
            </>
          )}
          <dt>ID</dt>
          <dd class="id">
            <code>{stash.id}</code> <CopyButton text={stash.id} label="Copy the ID" />
          </dd>
        </dl>
        <ColourField stash={stash} />
        <div class="actions start">
          {isMaster && (
            <button type="button" class="secondary" onClick={() => openDescribe(stash)}>
              Change name and description…
            </button>
          )}
          {mayExport && <ExportButton stash={stash} />}
          {isMaster && me.expires_at === null && (
            <button type="button" class="secondary" onClick={() => openReplace(stash, 'master', changed)}>
              Replace the master token…
            </button>
          )}
          {isMaster && (
            <button type="button" class="secondary delete" onClick={() => openDelete(stash)}>
              Delete this stash…
            </button>
          )}
        </div>
      </div>
    </section>
  )
}

const Text = ({ text }: { text: string }) => (
  <bdi class="long-text">
    <Marked text={text} />
  </bdi>
)

/** In this browser only. */
function ColourField({ stash }: { stash: Stash }) {
  const current = findKnown(stash.id)?.colour
  return (
    <fieldset class="colours">
      <legend>Colour in this browser</legend>
      {COLOURS.map((colour) => (
        <label key={colour} class="colour" data-colour={colour}>
          <input
            type="radio"
            name="colour"
            value={colour}
            checked={current === colour}
            onChange={() => setColour(stash.id, colour)}
          />
          <span class="swatch" aria-hidden="true" />
          {colour}
        </label>
      ))}
    </fieldset>
  )
}

function ExportButton({ stash }: { stash: Stash }) {
  const [isBusy, setBusy] = useState(false)
  const press = async (): Promise<void> => {
    setBusy(true)
    try {
      const session = stash.session()
      const { body } = await session.call<object>('GET', session.path('/export'))
      const name = `${stash.content.facts?.slug ?? stash.id.slice(0, 8)}-${new Date().toISOString().slice(0, 10)}.json`
      download(name, `${JSON.stringify(body, null, 2)}\n`, 'application/json')
      notify(`Exported to ${name}: values and rules, and no secrets.`)
    } catch (error) {
      notify(`Nothing was exported. ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      setBusy(false)
    }
  }
  return (
    <button type="button" class="secondary" id="export" disabled={isBusy} onClick={() => void press()}>
      Export to a file
    </button>
  )
}
