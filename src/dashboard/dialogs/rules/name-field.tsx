/** The name of a new switch: with the services that there are, and a warning where it is taken, or nearly like another one. */
import { useEffect, useId, useRef } from 'preact/hooks'
import { PLAIN_TEXT, TextField } from '../../parts/fields/fields.tsx'
import { LinkTo } from '../../parts/link-to.tsx'
import { toService } from '../../state/flags/flag-view.ts'
import type { Stash } from '../../state/stash.ts'
import { findNearName } from '../../text/near-name.ts'

type Props = { stash: Stash; name: string; onChange(name: string): void }

const HINT = 'Write service.switch, such as checkout.maintenance-mode. Letters, digits, dots, hyphens and underscores.'

/** Of more services, the first are proposed. */
const PROPOSED = 100

export function NameField({ stash, name, onChange }: Props) {
  void stash.changed.value
  const list = useId()
  const field = useRef<HTMLDivElement>(null)
  const { flags } = stash.content
  const objection = findObjection(stash, name)
  const near = objection === '' ? findNearName(name, flags.keys()) : undefined
  const services = [...new Set([...flags.keys()].map(toService))].filter((service) => service !== '')
  useEffect(() => {
    field.current?.querySelector('input')?.setCustomValidity(objection)
  }, [objection])
  return (
    <div class="stack" ref={field}>
      <TextField
        label="Name"
        hint={HINT}
        name="name"
        list={list}
        required
        maxLength={128}
        pattern="[A-Za-z0-9._\-]+"
        {...PLAIN_TEXT}
        value={name}
        onChange={onChange}
      />
      <datalist id={list}>
        {services
          .sort()
          .slice(0, PROPOSED)
          .map((service) => (
            <option key={service} value={`${service}.`} />
          ))}
      </datalist>
      <div role="alert" class="about-name">
        {objection !== '' && (
          <p class="error">
            {objection} {flags.has(name) && <ToSwitch stash={stash} name={name} />}
          </p>
        )}
        {near !== undefined && (
          <p class="notice">
            There is already <ToSwitch stash={stash} name={near} />. Did you mean that one?
          </p>
        )}
      </div>
    </div>
  )
}

function ToSwitch({ stash, name }: { stash: Stash; name: string }) {
  return (
    <LinkTo to={{ page: 'switch', stash: stash.address(), key: name }}>
      <bdi>{name}</bdi>
    </LinkTo>
  )
}

/** Why no switch of this name can be added. '': one can */
function findObjection(stash: Stash, name: string): string {
  const { flags, reverts, me } = stash.content
  if (flags.has(name)) return 'A switch of this name is there already: change it where it stands.'
  if (reverts.has(name)) return 'A switch of this name is deleted for a time, and comes back by itself.'
  if (name === '.' || name === '..') return 'This cannot be a name.'
  if (name === '' || stash.may('write', name)) return ''
  return `Your token may not write this name. It reaches: ${me?.keys.join(', ') ?? ''}.`
}
