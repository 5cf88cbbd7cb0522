/** The dialog that changes one switch: what it takes is by its guard, and what it says is what will happen. */
import { find, h, showView } from './dom.js'
import { brief, valueOf } from './values.js'
import { showSecret } from './access.js'
import { controlFor, durationField } from './controls.js'
import { field, glassField, heedThaw, openSheet, reasonField, whileOpen } from './sheet.js'
import { openUndo } from './timeline.js'
import { lookAtHeld } from './details.js'
import { bind, store } from './store.js'
import { call, Refused } from './call.js'
import { clock, durationText } from './words.js'

/** @param {string | null} key null: a new one @param {string} [proposed] what a press of the lever means */
export function openChange(key, proposed) {
  const guard = key === null ? undefined : store.guards.get(key)
  const current = key === null ? null : (store.flags.get(key) ?? null)
  const shown = {
    value: current,
    version: key === null ? undefined : store.items.get(key)?.version,
    type: key === null ? undefined : store.items.get(key)?.type,
  }
  const name = h('input', {
    name: 'key',
    required: true,
    pattern: '[A-Za-z0-9._\\-]{1,128}',
    maxlength: '128',
    autocapitalize: 'none',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const control = controlFor(guard, proposed ?? current ?? '')
  const reason = reasonField(guard?.reason_required === true)
  const duration = durationField(guard, current !== null)
  const glass = glassField()
  const keyOf = () => key ?? name.value
  const link = h('button', { type: 'button', class: 'secondary' }, 'Make a link')
  const notice = h('p', { class: 'notice', hidden: true })

  const { stash } = bind()
  const send = async (
    /** @type {string} */ idempotency,
    /** @type {AbortSignal} */ signal,
    /** @type {import('./store.js').Bound} */ { ask },
  ) =>
    ask('PUT', `/item/${stash}/${keyOf()}`, {
      body: control.read(),
      query: { reason: reason.read(), for: duration.read() },
      headers: {
        'Content-Type': await typeFor(stash, key, shown),
        'Idempotency-Key': idempotency,
        ...(await conditionFor(stash, key, shown)),
        'Break-Glass': glass.read(),
      },
      signal,
    })

  const sheet = openSheet({
    title: key ?? 'Add a switch',
    body: [
      key === null
        ? field('Name', name, 'Letters, digits, dots, dashes and underscores')
        : h('p', { class: 'from' }, 'Now ', valueOf(current, { most: 80, whole: false })),
      notice,
      control.node,
      duration.node,
      reason.node,
      glass.node,
    ],
    action: '…',
    send,
    done: (answer) => said(keyOf(), control.read(), answer),
    refused: (refused) => {
      if (refused.code === 'frozen' && refused.facts['may_break_glass']) glass.show()
      if (refused.code === 'reason_required') reason.demand()
      if (key === null && refused.code === 'time_box_required')
        return h('p', {}, `It is new, so there is nothing to go back to: write ${safeValueOf(name.value)} first.`)
      if (refused.code !== 'version_conflict') return null
      if (key === null) return h('p', {}, 'A switch of this name is there already: change it where it stands.')
      return conflict(stash, key, refused.facts['current'] ?? null, shown)
    },
    beside: link,
  })
  const label = () => {
    const length = duration.read()
    sheet.setAction(`Set to ${brief(control.read(), 18)}${length ? ` for ${durationText(length)}` : ''}`)
  }
  const heed = () => {
    duration.heed(control.read())
    label()
  }
  sheet.form.addEventListener('input', heed)
  heed()
  link.addEventListener(
    'click',
    () =>
      sheet.form.reportValidity() &&
      makeLink(sheet, keyOf(), { key, shown }, control.read(), duration.read(), reason.read()),
  )
  // Whoever is about to press must see that it has moved under the finger.
  whileOpen(sheet.dialog, 'flags', (event) => {
    if (key === null || !(/** @type {CustomEvent} */ (event).detail.keys.includes(key))) return
    notice.hidden = false
    notice.textContent = `It has just changed: it is ${brief(store.flags.get(key) ?? null)} now.`
  })
  heedThaw(sheet.dialog, glass)
  return sheet
}

const safeValueOf = (/** @type {string} */ key) => {
  const safe = store.guards.get(key)?.safe_value
  return safe === undefined ? 'its safe value' : `"${brief(safe)}"`
}

/** The type that it has, so that JSON stays JSON; the stream does not tell it. */
async function typeFor(
  /** @type {string} */ stash,
  /** @type {string | null} */ key,
  /** @type {{ value: string | null, type: string | undefined }} */ shown,
) {
  if (key !== null && shown.value !== null) shown.type ??= (await look(stash, key, store.revision)).type
  return (shown.type ??= 'text/plain; charset=utf-8')
}

/** Written only over what was shown. A switch that the list did not reach is looked at first. */
async function conditionFor(
  /** @type {string} */ stash,
  /** @type {string | null} */ key,
  /** @type {{ value: string | null, version: number | undefined }} */ shown,
) {
  if (key === null || shown.value === null) return { 'If-None-Match': '*' }
  if (shown.version !== undefined) return { 'If-Match': `"${shown.version}"` }
  const found = await look(stash, key, store.revision)
  // Read now, and not what was shown: then there is nothing to match.
  return { 'If-Match': found.value === shown.value ? `"${found.version}"` : '"0"' }
}

/** How a switch stands at this revision or later; null and no version: it is not there. */
async function look(/** @type {string} */ stash, /** @type {string} */ key, /** @type {number} */ revision) {
  try {
    const { headers, text } = await call('GET', `/item/${stash}/${key}`, {
      query: { min_revision: Math.max(0, revision) },
    })
    return {
      value: text,
      type: headers.get('Content-Type') ?? undefined,
      version: Number(/\d+/.exec(headers.get('ETag') ?? '')?.[0]),
    }
  } catch (fault) {
    if (fault instanceof Refused && fault.status === 404) return { value: null, version: undefined, type: undefined }
    throw fault
  }
}

/** What stands there is read anew, whatever the stream has told: exactly that is taken for the starting point. */
function conflict(
  /** @type {string} */ stash,
  /** @type {string} */ key,
  /** @type {number | null} */ current,
  /** @type {{ value: string | null, version: number | undefined }} */ shown,
) {
  const node = h('div', {}, h('p', {}, 'Reading what it is now…'))
  const show = async () => {
    const again = h('button', { type: 'button', class: 'secondary' })
    try {
      const found = await look(stash, key, current ?? store.revision)
      again.textContent = 'I have seen it: use this as the starting point'
      again.addEventListener('click', () => {
        Object.assign(shown, found)
        again.textContent = 'Press the button below once more'
        again.disabled = true
      })
      node.replaceChildren(h('p', {}, 'It is now ', valueOf(found.value, { most: 80, whole: false })), again)
    } catch {
      again.textContent = 'Read it again'
      again.addEventListener('click', show)
      node.replaceChildren(h('p', {}, 'What it is now could not be read.'), again)
    }
  }
  void show()
  return node
}

function said(
  /** @type {string} */ key,
  /** @type {string} */ value,
  /** @type {{ status: number, body: import('./shapes.d.ts').Applied }} */ { status, body },
) {
  if (status === 202) {
    lookAtHeld()
    return {
      text: `${key} has not changed yet: it waits for ${body.waits_for === 'approval' ? 'a second person' : 'its time'}.`,
      act: { label: 'See what waits', run: () => showView('waiting') },
    }
  }
  const until = body.reverts_at === undefined ? '' : ` until ${clock(Date.parse(body.reverts_at))}`
  return { text: `${key} is ${brief(value)}${until}.`, act: { label: 'Undo', run: () => openUndo(body.revision) } }
}

async function makeLink(
  /** @type {ReturnType<typeof openSheet>} */ sheet,
  /** @type {string} */ key,
  /** @type {{ key: string | null, shown: { value: string | null, type: string | undefined } }} */ of,
  /** @type {string} */ value,
  /** @type {string | undefined} */ length,
  /** @type {string | undefined} */ reason,
) {
  sheet.dialog.close()
  const what = `${key} to ${brief(value)}${length === undefined ? '' : ` for ${durationText(length)}`}`
  openSheet({
    title: 'Make a one-time link',
    body: [
      h(
        'p',
        {},
        `Whoever has it can set ${what}, once, within 15 minutes. Nothing changes until they press its button.`,
      ),
    ],
    action: 'Make the link',
    once: true,
    send: async (_, signal, { ask, stash }) =>
      ask('POST', `/item/${stash}/${key}/presign`, {
        body: value,
        query: { for: length, reason },
        headers: { 'Content-Type': await typeFor(stash, of.key, of.shown) },
        signal,
      }),
    done: ({ body }) => {
      lookAtHeld()
      return showSecret(
        'The link',
        body.url,
        `It sets ${what}. Valid until ${clock(Date.parse(body.expires_at))}, once. It is shown this once.`,
      )
    },
  })
}

find('add').addEventListener('click', () => openChange(null))
